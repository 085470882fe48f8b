// Embeddings as arrays of 32-bit floats.

export const FLOATS = "application/octet-stream";
export const SAFETENSORS = "application/x-safetensors";

/** Vectors with the ids of their rows. */
export interface Table {
  /** In the order asked, without those that are missing. */
  ids: string[];
  /** One a row. */
  vectors: Float32Array[];
}

/** Vectors of one state. */
export interface Embeddings {
  items: Table;
  users: Table;
  /** Ids that the state does not know. */
  missing: { items: string[]; users: string[] };
  /** Log position of the state. */
  position: number;
}

interface Head {
  __metadata__?: Record<string, string>;
  [tensor: string]: unknown;
}

/** A block of little-endian f32. */
export function floats(block: ArrayBuffer): Float32Array {
  const view = new DataView(block);
  return Float32Array.from({ length: block.byteLength / 4 }, (_, place) => view.getFloat32(4 * place, true));
}

/** The tensors of a safetensors file as the service writes it. */
export function embeddings(file: ArrayBuffer): Embeddings {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const head = JSON.parse(new TextDecoder().decode(file.slice(8, 8 + length))) as Head;
  const about = head.__metadata__ ?? {};
  const table = (name: string): Table => {
    const ids = JSON.parse(about[name] ?? "[]") as string[];
    const tensor = head[name] as { shape: [number, number]; data_offsets: [number, number] } | undefined;
    if (tensor === undefined) return { ids, vectors: [] };
    const [begin, end] = tensor.data_offsets;
    const all = floats(file.slice(8 + length + begin, 8 + length + end));
    const dim = tensor.shape[1];
    return { ids, vectors: ids.map((_, row) => all.subarray(row * dim, (row + 1) * dim)) };
  };
  const missing = JSON.parse(about["missing"] ?? '{"items":[],"users":[]}') as Embeddings["missing"];
  return { items: table("items"), users: table("users"), missing, position: Number(about["position"]) };
}
