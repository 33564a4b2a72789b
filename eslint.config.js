import { defineConfig } from "eslint/config";
import simpleImportSort from "eslint-plugin-simple-import-sort";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist/", "node_modules/", "coverage/", ".myjobs/"] },
  {
    files: ["**/*.ts"],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "simple-import-sort": simpleImportSort },
    rules: {
      "simple-import-sort/imports": "error",
      "simple-import-sort/exports": "error",
      "max-lines": ["error", { max: 250 }],
      "no-restricted-exports": [
        "error",
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      // What is left out by destructuring is named _.
      "@typescript-eslint/no-unused-vars": [
        "error",
        { varsIgnorePattern: "^_", argsIgnorePattern: "^_" },
      ],
      // An index that is known to be there is said so by !, which fails loudly where it is not.
      "@typescript-eslint/no-non-null-assertion": "off",
      // A signal's reason, and what was thrown, are handed on as they are.
      "@typescript-eslint/prefer-promise-reject-errors": [
        "error",
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      // A type parameter that only names the result is how callers say what they expect.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // A promise's handlers may be void functions in arrow form.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": "off",
      // Jobs are functions that tests write down in place: some do what a test would not.
      "@typescript-eslint/no-implied-eval": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-require-imports": "off",
    },
  },
  {
    // Functions as odd as users may write them.
    files: ["test/**/samples/**/*.ts"],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
