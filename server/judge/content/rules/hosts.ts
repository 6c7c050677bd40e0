/** Kinds of hosts that links lead to, and domains that anybody can write from. */

const set = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Addresses that lead on to anywhere. */
export const shorteners =
  set(`bit.ly tinyurl.com t.co goo.gl ow.ly is.gd v.gd rb.gy cutt.ly rebrand.ly t.ly shorturl.at tiny.cc buff.ly lnkd.in adf.ly bl.ink s.id
 soo.gd qrco.de linktr.ee shorte.st x.co u.to clck.ru bitly.com bit.do urlz.fr t2m.io short.gy n9.cl tr.ee me-qr.com l.ead.me snip.ly rotf.lol trib.al
 dlvr.it tinyl.io han.gl surl.li acortar.link shorturl.gg 1drv.ms hyp.er kutt.it`);

/** Registrable domains or hosts where anybody can put a page within a minute. */
export const freeHosting =
  set(`blogspot.com weebly.com wixsite.com wix.com webflow.io glitch.me netlify.app vercel.app pages.dev workers.dev r2.dev web.app firebaseapp.com
 github.io herokuapp.com repl.co replit.app onrender.com surge.sh 000webhostapp.com godaddysites.com myftpupload.com square.site strikingly.com jimdosite.com
 typeform.com jotform.com forms.gle formstack.com notion.site canva.site cprapid.com duckdns.org ddns.net no-ip.org ngrok.io ngrok-free.app trycloudflare.com
 fly.dev azurewebsites.net cloudapp.net azureedge.net windows.net amazonaws.com cloudfront.net digitaloceanspaces.com backblazeb2.com wasabisys.com
 customer-oci.com oraclecloud.com storage.googleapis.com googleapis.com appspot.com run.app dweb.link ipfs.io infura-ipfs.io translate.goog
 sites.google.com docs.google.com drive.google.com mystrikingly.com yolasite.com tripod.com angelfire.com geocities.com lycos.com 0catch.com narod.ru
 livejournal.com tumblr.com medium.com telegra.ph t.me wa.me beacons.ai carrd.co mailchi.mp evernote.com padlet.com vercel.com plesk.page`);

/** Mailbox providers: whoever writes from there may be anybody, and nobody's company. */
export const freeMail =
  set(`gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.com.br yahoo.co.in yahoo.co.jp ymail.com rocketmail.com hotmail.com hotmail.co.uk hotmail.fr
 hotmail.de hotmail.it hotmail.es outlook.com outlook.de outlook.fr outlook.es live.com live.co.uk live.fr msn.com aol.com aim.com gmx.de gmx.net gmx.com gmx.at web.de
 mail.com mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com rambler.ru qq.com 163.com 126.com sina.com sohu.com naver.com daum.net hanmail.net protonmail.com
 proton.me icloud.com me.com mac.com t-online.de freenet.de arcor.de libero.it virgilio.it tiscali.it alice.it orange.fr wanadoo.fr laposte.net free.fr sfr.fr
 uol.com.br bol.com.br terra.com.br ig.com.br tutanota.com zoho.com fastmail.com lycos.com excite.com netscape.net juno.com netzero.net earthlink.net usa.net
 caramail.com mail2world.com indiatimes.com rediffmail.com onmail.com aliyun.com consultant.com email.com`);

/** Top-level domains that are given away or sold for cents, and used by hardly anybody else's post. */
export const cheapSuffixes =
  set(`shop xyz top click icu buzz rest cfd sbs cyou monster quest site online store live club work loan win bid date stream download racing review
 country gq ml cf tk ga space website fun host press pw party trade webcam science faith accountant cricket men gdn kim mom lol bond beauty hair skin makeup autos boats
 homes yachts motorcycles life today world vip wang ink link uno ooo support zone guru ninja gold shopping agency rocks digital cam best bar pics click lat help ltd ru.com za.com sa.com in.net`);

/** Services that send for many companies: a company's links and signatures may be theirs. Registrable domains. */
export const mailServices =
  set(`sendgrid.net sendgrid.com mailgun.org mailgun.net mailgun.com sparkpostmail.com spmailtechno.com sparkpostmail1.com amazonses.com awstrack.me mandrillapp.com mcsv.net
 mcdlv.net mailchimp.com mailchimpapp.net list-manage.com rsgsv.net klaviyomail.com klclick.com klclick1.com klclick2.com klclick3.com kmail-lists.com klaviyo.com exacttarget.com
 exct.net sfmc-content.com salesforce.com cloudpages.com constantcontact.com ccsend.com rs6.net ctctcdn.com hubspotemail.net hubspot.com hubspotlinks.com hs-sites.com
 customer.io customeriomail.com braze.com appboy.com iterable.com postmarkapp.com pstmrk.it mtasv.net mailjet.com mjt.lu sendinblue.com brevo.com sibforms.com sendibm1.com
 createsend.com cmail19.com cmail20.com createsend1.com campaignmonitor.com marketo.com mktomail.com mktoweb.com mkt-email.com pardot.com eloqua.com en25.com
 responsys.net rsys.net rsys5.net bronto.com brontops.com listrak.com listrakbi.com emarsys.net emarsys.com sailthru.com cheetahmail.com chtah.com epsilon.com dotdigital-email.com
 dotmailer.com activehosted.com activecampaign.com aweber.com getresponse.com convertkit.com ckmail.com ck.page substack.com beehiiv.com mailerlite.com mlsend.com
 zendesk.com freshdesk.com intercom-mail.com intercom.io shopify.com shopifyemail.com narvar.com attentivemobile.com yotpo.com evyy.net cordial.com cordial.io moengage.com
 inxmail.com inxserver.com inxserver.de cleverreach.com rapidmail.de optivo.net episerver.net artegic.net emailsys1a.net mailing-solution.com agnitas.de
 smtp.com socketlabs.com elasticemail.com turbo-smtp.com pepipost.com netcorecloud.net sendpulse.com unisender.com zohomail.com bluehornet.com silverpop.com mkt41.net
 acoustic-mail.com xtremepush.com airship.com vresp.com verticalresponse.com icontact.com benchmarkemail.com whatcounts.com lyris.net`);

/** Hosts of pictures, fonts, networks and norms that every mail may name. */
export const neutralHosts =
  set(`w3.org schema.org googleusercontent.com gstatic.com fonts.com facebook.com twitter.com x.com instagram.com youtube.com linkedin.com pinterest.com tiktok.com
 apple.com google.com microsoft.com cloudinary.com shopifycdn.com`);
