import type { Answer } from '../ask.ts';
import { strings, text } from './answer-text.ts';

export function showReload({ outcome, parts, reason }: Answer): string {
  if (outcome !== 'done') return `the configuration stays as it was: ${text(reason)}`;
  return `configuration read again: ${strings(parts).join(', ')}`;
}
