/** What a name around a function is, in words, and what to do about it. */
export interface Finding {
  reason: string;
  cure: string;
}
