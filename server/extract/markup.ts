/** Markup of any length and quality, read in linear time: names of tags and the text between them. */
import { Parser, type ParserOptions } from "htmlparser2";

/**
 * Elements that are open within each other. Where there are more, all count as closed: the parser keeps them in a list that it changes at
 * its head, and looks through at each end tag, so that a megabyte of `<div>` would cost it a minute.
 */
const maxOpen = 500;
/** What is given to the parser at a time, after which the bounds are looked at. */
const pieceChars = 4096;

export type MarkupReader = {
  readonly open: (name: string) => void;
  /** Also of what was never closed, where something around it was, or at the end. */
  readonly close: (name: string) => void;
  readonly text: (text: string) => void;
};

/** Tells `reader` what is in `markup`, until `enough` says so. */
export function readMarkup(markup: string, reader: MarkupReader, options: ParserOptions, enough: () => boolean): void {
  let depth = 0;
  const parser = new Parser(
    {
      onopentagname(name) {
        depth++;
        reader.open(name);
      },
      onclosetag(name) {
        depth--;
        reader.close(name);
      },
      ontext: reader.text,
    },
    { ...options, decodeEntities: true },
  );
  for (let at = 0, end = 0; at < markup.length && !enough(); at = end) {
    // Before a tag, where there is one: no tag should be in two pieces where the parser begins anew.
    const tag = markup.lastIndexOf("<", at + pieceChars);
    end = tag > at ? tag : at + pieceChars;
    parser.write(markup.slice(at, end));
    if (depth <= maxOpen) continue;
    parser.end();
    parser.reset();
  }
  parser.end();
}
