/** What the samples import. */
export const answer = 42;
