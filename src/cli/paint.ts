/** Colours and glyphs of a terminal. What is printed elsewhere, or by people who want none, is plain text. */

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;
export type Colour = keyof typeof CODES;

export interface Paint {
  readonly colours: boolean;
  /** Whether bars, dots and lines may be drawn with characters beyond ASCII. */
  readonly unicode: boolean;
  /** The text in this colour; as it is where there are no colours or none is wanted. */
  (colour: Colour | undefined, text: string): string;
}

export function createPaint(colours: boolean, unicode: boolean): Paint {
  const paint = (colour: Colour | undefined, text: string): string => {
    if (!colours || colour === undefined || text === '') return text;
    const [on, off] = CODES[colour];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
  return Object.assign(paint, { colours, unicode });
}

/** NO_COLOR wins, then FORCE_COLOR, then TERM=dumb, then whether it is a terminal. */
export function wantsColours(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

export const wantsUnicode = (env: Readonly<Record<string, string | undefined>>): boolean =>
  env['TERM'] !== 'linux' && /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');

/** Foreign text on one line and without control characters, which a terminal would obey. */
export const plain = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�');

/** Characters that the text takes on a terminal, colours not counted. */
export const widthOf = (text: string): number => [...text.replace(/\u001b\[[0-9;]*m/g, '')].length;
