/** Passages of a search (RFC 8621 §5): text with <mark> around what was found, & < > escaped. */
export type Piece = { readonly text: string; readonly hit: boolean };

const plain = (text: string): string =>
  text.replace(
    /&(lt|gt|amp|quot|#39);/g,
    (_whole, name: string) => ({ lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" })[name] ?? "",
  );

export function marked(snippet: string): readonly Piece[] {
  return snippet
    .split(/(<mark>[\s\S]*?<\/mark>)/)
    .filter((part) => part !== "")
    .map((part) => {
      const hit = part.startsWith("<mark>");
      return { hit, text: plain(hit ? part.slice(6, -7) : part) };
    });
}
