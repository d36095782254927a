/** As in package.json; test/architecture.test.ts holds both together. */
export const version = '0.1.0';
