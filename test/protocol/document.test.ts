import { test } from 'node:test';

test.todo('PROTOCOL.md lists every limit, refusal code and close code, and its examples parse');
