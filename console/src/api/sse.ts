// Server-sent events from a byte stream.

export interface ServerEvent {
  event: string;
  id: string;
  data: string;
}

/// Parses the text of a stream piece by piece.
export class EventParser {
  private rest = "";

  push(text: string): ServerEvent[] {
    this.rest += text.replace(/\r\n?/g, "\n");
    const blocks = this.rest.split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((event): event is ServerEvent => event !== null);
  }
}

function parseBlock(block: string): ServerEvent | null {
  const found: ServerEvent = { event: "message", id: "", data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") found.event = value;
    else if (name === "id") found.id = value;
    else if (name === "data") data.push(value);
  }
  return data.length === 0 ? null : { ...found, data: data.join("\n") };
}

export async function readEvents(body: ReadableStream<Uint8Array>, take: (event: ServerEvent) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parser.push(decoder.decode(value, { stream: true })).forEach(take);
  }
}
