/** TokenCodec: join tokens as text and hash. Control sees no secret but the text that passes through it. */
export interface TokenCodec {
  /** A new token of this id, and the hash by which its secret is known again. */
  mint(id: string): { readonly token: string; readonly secret_sha256: string };
  /** @throws invalid_argument when it is no token; repeats nothing of it. */
  read(token: string): { readonly id: string; readonly secret_sha256: string; readonly of_this_cluster: boolean };
}
