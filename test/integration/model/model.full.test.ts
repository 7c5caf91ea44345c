// The protocol of replication, searched: it holds in every state of small worlds, and each rule that is left out is missed.
import { expect, test } from '@jest/globals';
import { BROKEN, UNBROKEN } from '../../model/configurations.ts';
import { search } from '../../model/search.ts';
import { command, describeIf } from '../../lab/needs.ts';

const needs = [command('spin'), command('cc')];
const LIMIT_MS = 30 * 60_000;

describeIf(needs, 'the protocol of replication holds in every state', () => {
  for (const configuration of UNBROKEN) {
    test(`in the model "${configuration.model}": ${configuration.says}`, async () => {
      expect(await search(configuration)).toMatchObject({ outcome: 'holds' });
    }, LIMIT_MS);
  }
});

describeIf(needs, 'the search finds where it ends', () => {
  for (const configuration of BROKEN) {
    test(`in the model "${configuration.model}": when ${configuration.says}`, async () => {
      expect(await search(configuration)).toMatchObject({ outcome: 'violated' });
    }, LIMIT_MS);
  }
});
