/** Capability URNs. */
export const core = "urn:ietf:params:jmap:core";
export const mail = "urn:ietf:params:jmap:mail";
export const submission = "urn:ietf:params:jmap:submission";
export const vacation = "urn:ietf:params:jmap:vacationresponse";
export const websocket = "urn:ietf:params:jmap:websocket";
export const blob = "urn:ietf:params:jmap:blob";
export const quota = "urn:ietf:params:jmap:quota";
export const mdn = "urn:ietf:params:jmap:mdn";
export const sieve = "urn:ietf:params:jmap:sieve";
export const contacts = "urn:ietf:params:jmap:contacts";
export const principals = "urn:ietf:params:jmap:principals";
export const principalsOwner = "urn:ietf:params:jmap:principals:owner";
/** Of our own: pictures of messages and marks of senders through the server, lists left by a click (RFC 8058). */
export const imageProxy = "urn:angarium:params:jmap:image-proxy";
export const unsubscribe = "urn:angarium:params:jmap:unsubscribe";
/** Of our own: keys that people publish, and keys of those they write to (Web Key Directory). */
export const publicKeys = "urn:angarium:params:jmap:public-keys";
/** Of our own: uploads that are not wanted any longer go before they expire. */
export const uploads = "urn:angarium:params:jmap:uploads";
/** Of our own: with which identities one writes on behalf of somebody. */
export const onBehalf = "urn:angarium:params:jmap:on-behalf";
/** Of our own: where the public API is, for what JMAP has no words for (mail that was kept back, senders that are blocked). */
export const restApi = "urn:angarium:params:jmap:rest-api";
/** Of our own: what this server found of who sent an email, which nobody else can have written. */
export const authenticationResults = "urn:angarium:params:jmap:authentication-results";
export const webpushVapid = "urn:ietf:params:jmap:webpush-vapid";
