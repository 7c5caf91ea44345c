/** YAML, loaded only by who asks for it. An own file, because a bundle gives no names of a CommonJS package to `import()`. */
export { stringify } from 'yaml';
