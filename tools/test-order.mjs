// The order in which jest takes up test files: those that take longest first, so that no worker is left with one of them
// at the end. The names and figures need not be right, nor complete; they only decide how long a run takes.
import { statSync } from 'node:fs';
import Sequencer from '@jest/test-sequencer';

/** Seconds, roughly; a file that is not named counts as short, the larger the longer. */
const SLOW = {
  'integration/packaging/systemd': 240,
};

const TestSequencer = Sequencer.default ?? Sequencer;

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const seconds = ({ path: file }) => SLOW[/test\/(.*)\.test\.ts$/.exec(file)?.[1] ?? ''] ?? statSync(file).size / 2 ** 20;
    return [...tests].sort((a, b) => seconds(b) - seconds(a));
  }
}
