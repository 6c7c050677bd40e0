/**
 * What mail is made of, as zstd's raw dictionary for encoding 2. It is part of the format of the stored bytes: it may
 * never change (a better one would be encoding 3). What is likeliest comes last, where it is cheapest to point at.
 */
const text = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><meta name="viewport" content="width=device-width, initial-scale=1.0"><style type="text/css">body { margin: 0; padding: 0; font-family: Arial, Helvetica, sans-serif; font-size: 14px; color: #333333; }</style></head>
<body style="margin:0;padding:0;background-color:#ffffff;"><table width="100%" border="0" cellspacing="0" cellpadding="0" align="center"><tr><td style="padding: 10px 20px; text-align: center;"><a href="https://www." target="_blank" style="text-decoration:none;"><img src="https://" alt="" width="600" height="1" style="display:block;border:0;"></a></td></tr></table><div dir="ltr"><br></div><p class="MsoNormal"><span style="font-size:11.0pt">&nbsp;</span></p></body></html>
> wrote:
> On Mon, Tue, Wed, Thu, Fri, Sat, Sun, Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2024 2025 2026 2027 at AM PM
Best regards, Kind regards, Thanks, Thank you for your message. Please let me know if you have any questions. Hello, Hi, Dear 
-- \r
The information in this message is confidential. To unsubscribe from this list, click here. If you no longer wish to receive these emails
the and that with this have from you are for not was your will can be on it is in of to a
This is a multi-part message in MIME format.\r
Content-Type: application/pdf; name=".pdf"\r
Content-Type: image/png; name="image001.png"\r
Content-Type: image/jpeg; name=".jpg"\r
Content-Type: application/octet-stream; name=""\r
Content-Disposition: attachment; filename=""; size=\r
Content-Disposition: inline; filename="image.png"\r
Content-Transfer-Encoding: base64\r
Content-ID: <image001.png@>\r
Content-Description: \r
--\r
Content-Type: text/html; charset="utf-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
--\r
Content-Type: text/plain; charset="us-ascii"; charset="iso-8859-1"; charset="UTF-8"; format=flowed; delsp=yes\r
Content-Transfer-Encoding: 8bit\r
Content-Language: en-US\r
\r
--\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
List-Unsubscribe: <https://>, <mailto:unsubscribe@?subject=unsubscribe>\r
List-Id: <list.>\r
List-Post: <mailto:>\r
List-Help: <mailto:?subject=help>\r
List-Archive: <https://>\r
Precedence: bulk\r
Auto-Submitted: auto-generated\r
Feedback-ID: \r
X-Mailer: Microsoft Outlook 16.0\r
User-Agent: Mozilla Thunderbird\r
X-Mailer: Apple Mail (2.3774.600.62)\r
X-Priority: 3\r
Importance: normal\r
Thread-Topic: \r
Thread-Index: A\r
X-Originating-IP: []\r
X-Spam-Status: No, score=\r
Authentication-Results: ; dkim=pass header.d= header.s= header.b=; spf=pass smtp.mailfrom= smtp.helo=; dmarc=pass (p=reject sp=none dis=none) header.from=; arc=none; iprev=pass policy.iprev=\r
Received-SPF: pass client-ip=; envelope-from=; helo=; identity=mailfrom; receiver=\r
ARC-Seal: i=1; a=rsa-sha256; t=; cv=none; d=; s=; b=\r
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; q=dns/txt; d=; s=; t=; x=; h=from:to:cc:subject:date:message-id:mime-version:content-type:content-transfer-encoding:in-reply-to:references:reply-to:list-unsubscribe; bh=; b=\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=gmail.com; s=20230601; h=Message-ID:Date:Subject:From:To:MIME-Version:Content-Type:Content-Transfer-Encoding; bh=; b=\r
Received: from mail. (unknown []) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256) (No client certificate requested) by mx. (Postfix) with ESMTPS id for <>; \r
Received: from localhost (localhost [127.0.0.1]) by localhost with LMTP id \r
References: <\r
In-Reply-To: <\r
Reply-To: <\r
Sender: <\r
Cc: <\r
Subject: Re: Fwd: =?utf-8?Q?=20=?= =?UTF-8?B?\r
Subject: \r
Return-Path: <>\r
Delivered-To: \r
Return-Path: <@example.com>\r
Received: from (localhost [127.0.0.1])\r
	by  with ESMTPSA id \r
	for <@example.test>; Mon, 1 Jan 2026 00:00:00 +0000\r
Received: from [IPv6:2001:db8::1] by (Angarium) with ESMTPS (TLSv1.3, TLS_AES_128_GCM_SHA256) id q0000\r
	for <>; Tue, 1 Dec 2026 10:00:00 +0000 (UTC)\r
Date: Wed, 1 Jul 2026 12:00:00 +0200\r
From: <@gmail.com>\r
To: <@>, \r
Subject: \r
Message-ID: <@>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=""\r
Content-Type: multipart/alternative; boundary="----=_Part_"\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 7bit\r
\r
`;

export const dictionary = Buffer.from(text, "latin1");
