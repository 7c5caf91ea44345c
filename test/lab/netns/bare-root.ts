// (written next)
export async function bareRoot(): Promise<string> {
  throw new Error('not yet');
}
