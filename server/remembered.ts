/** The same function, but each answer is found once and kept: for few different values that come very often. */
export function remembered<Value, Found>(find: (value: Value) => Found): (value: Value) => Found {
  const found = new Map<Value, Found>();
  return (value) => {
    const known = found.get(value);
    if (known !== undefined) return known;
    const first = find(value);
    found.set(value, first);
    return first;
  };
}
