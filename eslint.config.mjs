// Style and the import rules of ARCHITECTURE.md ("Rooms and doors"). A forbidden import fails `make lint`.
import path from 'node:path';
import tseslint from 'typescript-eslint';

/** Which rooms a room may import from (itself is always allowed). A room not listed here may not exist. */
const ROOMS = {
  'src/model': [],
  'src/control': ['src/model'],
  'src/replication': ['src/model'],
  'src/store': ['src/model', 'src/control/ports'],
  'src/node': ['src/model', 'src/control/ports'],
  'src/security': ['src/model', 'src/control/ports', 'src/control/cluster-control.ts'],
  'src/bootstrap': ['src/model', 'src/client', 'src/security'],
  'src/api/http': ['src/model', 'src/control'],
  'src/api/docker': ['src/model', 'src/control'],
  'src/api/csi': ['src/model', 'src/control'],
  'src/client': ['src/model'],
  'src/cli': ['src/model', 'src/client', 'src/bootstrap', 'src/security'],
  'src/console': ['src/model', 'src/client'],
  'src/daemon': ['src'],
  'provider/protocol': [],
  'provider/bootstrap': ['src/model'],
  'provider/framework': ['provider/protocol'],
  'provider/resources': ['provider/framework', 'provider/protocol/value.ts', 'src/client', 'src/model', 'provider/aws', 'provider/bootstrap'],
  'provider/data-sources': ['provider/framework', 'provider/protocol/value.ts', 'provider/resources', 'src/client', 'src/model'],
  'provider/functions': ['provider/framework', 'provider/protocol/value.ts', 'src/model'],
  'provider/provider': ['provider/framework', 'provider/protocol/value.ts', 'provider/resources', 'provider/data-sources', 'provider/functions', 'provider/bootstrap', 'src/client', 'src/model'],
  'provider/main': ['provider', 'src/client', 'src/model'],
  stacks: [],
};
const within = (file, room) => file === room || file.startsWith(`${room}/`) || file === `${room}.ts`;
const roomOf = (file) => Object.keys(ROOMS).filter((room) => within(file, room)).sort((a, b) => b.length - a.length)[0];

const rooms = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = path.relative(import.meta.dirname, context.filename);
    if (!file.startsWith('src/') && !file.startsWith('provider/') && !file.startsWith('stacks/')) return {};
    const room = roomOf(file);
    const check = (node) => {
      if (!node.source) return;
      const wanted = String(node.source.value);
      if (!wanted.startsWith('.')) {
        if (room === 'src/model' ) context.report({ node, message: `src/model imports nothing, not even ${wanted}` });
        if ((room === 'src/control' || file.startsWith('src/replication/protocol/')) && !file.includes('/ports') ) context.report({ node, message: `${room} is pure: ${wanted} may not be imported` });
        return;
      }
      const target = path.relative(import.meta.dirname, path.resolve(path.dirname(context.filename), wanted));
      if (room === undefined) return context.report({ node, message: `${file} is in no room of ARCHITECTURE.md` });
      if (within(target, room) || ROOMS[room].some((allowed) => within(target, allowed))) return;
      context.report({ node, message: `${room} may not import ${target}` });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
  },
};

export default tseslint.config(
  { ignores: ['dist/**', 'bin/**', 'coverage/**', '.toolchain/**', '.cache/**', '**/cdktf.out/**', 'stacks/.gen/**', '**/node_modules/**', '**/*.generated.ts', '**/generated/**'] },
  ...tseslint.configs.recommendedTypeChecked.map((c) => ({ ...c, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { holdfast: { rules: { rooms } } },
    rules: {
      'holdfast/rooms': 'error',
      'max-lines': ['error', { max: 400 }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
    },
  },
  { files: ['src/cli/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-unsafe-call': 'off', '@typescript-eslint/no-unsafe-return': 'off' } },
);
