/**
 * How long the doctor waits for one answer of another system, milliseconds. A person waits for it, and what hangs is a finding: there is no
 * need to outwait pveproxy, as there is where something is changed.
 */
export const lookMaxMs = 10_000;
