/** As in package.json; test/version.test.ts holds both together. */
export const version = '0.1.0';
