/** The product's version, one place. Release builds replace it from package.json. */
export const VERSION = '0.1.0';
