// The page's script: nothing undefined, unused or run from text, and no text taken for HTML.
const asHTML = ["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "srcdoc"];
const browser = [
  "Blob", "Image", "ResizeObserver", "TextDecoder", "URL", "URLSearchParams", "atob", "document",
  "getComputedStyle", "history", "localStorage", "location", "performance", "requestAnimationFrame", "setTimeout",
  "window",
];

export default [
  {
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "script",
      globals: Object.fromEntries(browser.map((name) => [name, "readonly"])),
    },
    rules: {
      "eqeqeq": "error",
      "no-cond-assign": "error",
      "no-dupe-keys": "error",
      "no-eval": "error",
      "no-fallthrough": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-redeclare": "error",
      "no-script-url": "error",
      "no-undef": "error",
      "no-unreachable": "error",
      "no-unused-vars": "error",
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "prefer-const": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: `AssignmentExpression > MemberExpression.left[property.name=/^(${asHTML.join("|")})$/]`,
          message: "Text is set as text.",
        },
        {
          selector: `CallExpression > MemberExpression.callee[property.name=/^(${asHTML.join("|")})$/]`,
          message: "Text is set as text.",
        },
      ],
    },
  },
];
