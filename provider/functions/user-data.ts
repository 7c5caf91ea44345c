/** `user_data`: a machine without SSH makes itself a node when it starts: the same package, the same converge. */
import { FunctionError, providerFunction, t } from '../framework/index.ts';

const quoted = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`;

/** The script. Exported for its test. */
export function userData(node: string, source: string, sha256: string, tokenCommand: string): string {
  const onMachine = source.startsWith('/');
  const file = onMachine ? quoted(source) : '"$work/holdfast.deb"';
  const check = sha256 === '' ? '' : `printf '%s  %s\\n' ${quoted(sha256)} ${file} | sha256sum -c -\n`;
  const install = source.startsWith('apt:')
    ? `apt install ${quoted(`holdfast=${source.slice(4)}`)}`
    : `${onMachine ? '' : `fetch ${quoted(source)} ${file}\n`}${check}apt install ${file}`;
  return `#!/bin/sh
# Makes this machine a node of a Holdfast cluster. It may run at every start: what is done already is left as it is.
set -eu
umask 077
PATH=$PATH:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
apt() { apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"; }
fetch() { if command -v curl >/dev/null 2>&1; then curl -fsSL --retry 10 --retry-connrefused -o "$2" "$1"; else wget -q -t 10 -O "$2" "$1"; fi; }
if ! command -v holdfast >/dev/null 2>&1; then
# A machine that starts updates its lists by itself, too, and apt-get does not wait for their lock.
attempts=60
until apt update; do
attempts=$((attempts - 1))
if [ "$attempts" -le 0 ]; then break; fi
sleep 5
done
${install}
fi
mkdir -p /etc/holdfast
cat >/etc/holdfast/node.json <<'HOLDFAST_NODE_JSON'
${node}
HOLDFAST_NODE_JSON
${tokenCommand === '' ? '' : `if [ ! -e /etc/holdfast/pki/node.crt ]; then
HOLDFAST_JOIN_TOKEN=$(${tokenCommand})
export HOLDFAST_JOIN_TOKEN
fi
`}# 5: the cluster, or what it needs, cannot be reached yet. A machine may well be up before the one that it joins.
attempts=60
until holdfast node converge --config /etc/holdfast/node.json; do
status=$?
attempts=$((attempts - 1))
if [ "$status" -ne 5 ] || [ "$attempts" -le 0 ]; then exit "$status"; fi
sleep 10
done
`;
}

export const userDataFunction = providerFunction({
  name: 'user_data',
  summary: 'A user_data document that makes a machine a node without SSH',
  description: 'A shell script for cloud-init (`user_data` of an instance): it installs the package and runs `holdfast node converge`, as `holdfast_node` does over SSH. No secret is in it: the join token is printed by a command that runs on the machine, such as one that reads it from a secret store under the machine\'s own role.',
  example: `locals {
  user_data = provider::holdfast::user_data(
    jsonencode({
      name      = "n4"
      advertise = "10.77.0.14"
      zone      = "rack-3"
      cluster   = { join = { endpoints = ["https://10.77.0.11:7480"] } }
    }),
    "https://packages.example/holdfast_0.1.0_amd64.deb",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "aws ssm get-parameter --name /holdfast/n4 --with-decryption --query Parameter.Value --output text",
  )
}
`,
  parameters: [
    { name: 'node', type: t.string(), description: 'What the machine shall be, as JSON: the keys of node.json (`jsonencode({ name = …, advertise = …, cluster = { join = { endpoints = […] } } })`).' },
    { name: 'package', type: t.string(), description: 'URL of the Debian package, the absolute path of one on the machine (in its image), or `apt:VERSION` for one that the machine\'s own mirrors have.' },
    { name: 'sha256', type: t.string(), description: 'SHA-256 of the package at the URL, 64 hexadecimal digits; may be "" for one on the machine; "" with `apt:VERSION`.' },
    { name: 'token_command', type: t.string(), description: 'A shell command that prints the join token on the machine; "" when the node does not join (the first one), or has the token in the file that `cluster.join.token_file` names.' },
  ],
  returns: t.string(),
  call(node, source, sha256, tokenCommand) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(node);
    } catch (error) {
      throw new FunctionError(0, `is not JSON: ${(error as Error).message}`);
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || typeof (parsed as { name?: unknown }).name !== 'string') throw new FunctionError(0, 'has to be an object with a "name"');
    if (!/^(apt:[0-9][A-Za-z0-9.+~:-]*|https:\/\/\S+|\/[^\s]+)$/.test(source)) throw new FunctionError(1, 'has to be an https URL, an absolute path on the machine or apt:VERSION');
    if ((source.startsWith('https:') || (source.startsWith('/') && sha256 !== '')) && !/^[0-9a-f]{64}$/.test(sha256)) throw new FunctionError(2, 'has to be the SHA-256 of the package, 64 hexadecimal digits in lower case');
    if (/hft1\./.test(tokenCommand) || /hft1\./.test(node)) throw new FunctionError(/hft1\./.test(node) ? 0 : 3, 'holds a join token: it would be in the state and in the machine\'s metadata. Give a command that reads it where the machine may');
    return userData(JSON.stringify(parsed, null, 2), source, sha256, tokenCommand);
  },
});
