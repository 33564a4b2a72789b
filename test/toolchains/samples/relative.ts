/** What `importRelative` imports. */
const answer: unknown = 42;

export { answer };
