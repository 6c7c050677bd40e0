/** Word has no lists in what it copies, but paragraphs that say "mso-list:l0 level1 lfo1" and begin with a sign of their own: made lists again. */

type Point = {
  readonly level: number;
  readonly marker: Element | undefined;
  /** Where a numbered one begins; undefined: it has no numbers. */
  readonly number: number | undefined;
};

function pointOf(paragraph: Element): Point | undefined {
  const level = /mso-list:\s*[^\s;]+\s+level(\d)/i.exec(paragraph.getAttribute("style") ?? "")?.[1];
  if (level === undefined) return undefined;
  let marker = [...paragraph.querySelectorAll("span")].find((one) =>
    /mso-list:\s*ignore/i.test(one.getAttribute("style") ?? ""),
  ) as Element | undefined;
  const sign = marker?.textContent?.trim() ?? "";
  // What only dresses the sign goes with it.
  while (
    marker?.parentElement &&
    marker.parentElement !== paragraph &&
    marker.parentElement.textContent?.trim() === sign
  )
    marker = marker.parentElement;
  const [, digits, letters] = /^\(?(?:(\d+)|([a-z]+))[.)]/i.exec(sign) ?? [];
  return {
    level: Number(level),
    marker,
    number: digits !== undefined ? Number(digits) : letters !== undefined ? 1 : undefined,
  };
}

const before = (element: Element): Element | null => {
  let node = element.previousSibling;
  while (node !== null && node.nodeType !== Node.ELEMENT_NODE && node.textContent?.trim() === "")
    node = node.previousSibling;
  return node instanceof Element ? node : null;
};

export function makeLists(root: ParentNode): void {
  /** The lists that are open, the outermost first. */
  let open: { readonly level: number; readonly list: Element }[] = [];
  for (const paragraph of root.querySelectorAll("p")) {
    const point = pointOf(paragraph);
    if (point === undefined) continue;
    const { level, marker, number } = point;
    const tag = number === undefined ? "UL" : "OL";
    if (open[0] === undefined || before(paragraph) !== open[0].list) open = [];
    while (open.length > 0 && (open.at(-1)?.level ?? 0) > level) open.pop();
    const there = open.at(-1);
    let list = there?.level === level && there.list.tagName === tag ? there.list : undefined;
    if (list === undefined) {
      if (there?.level === level) open.pop();
      list = paragraph.ownerDocument.createElement(tag);
      if (number !== undefined && number !== 1) list.setAttribute("start", String(number));
      const around = open.at(-1)?.list.lastElementChild;
      if (around) around.append(list);
      else paragraph.before(list);
      open.push({ level, list });
    }
    marker?.remove();
    const item = paragraph.ownerDocument.createElement("li");
    item.setAttribute("style", paragraph.getAttribute("style") ?? "");
    item.append(...paragraph.childNodes);
    list.append(item);
    paragraph.remove();
  }
}
