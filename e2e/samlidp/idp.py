"""A SAML identity provider on pysaml2, for the end-to-end tests. It asks nobody for a password.

usage: idp.py <port> <folder>

The folder has key.pem and cert.pem, and sp.xml, the metadata of the service provider, which may come later. Requests:

  GET /metadata   the provider's metadata
  GET /sso        takes a request by redirect, verifies its signature if there is one, and shows a form with the answer
  GET /start      shows a form with an answer that nobody asked for; relay is its RelayState
  GET /slo        takes a logout request by redirect, demands a signature, and shows a form with the answer; or takes an answer
  GET /logout     shows a form with a request to sign a user out: to, audience, name, session, sign
  GET /response   the answer itself: to, audience; the attributes are the other parameters

Parameters of the form: name is the NameID, signed is "response", "assertion" or "both", encrypt is 1.
"""

import base64
import functools
import html
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import saml2.entity
import saml2.sigver
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import verify_redirect_signature
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

# Without this, pysaml2 encrypts with Triple DES.
saml2.entity.pre_encryption_part = functools.partial(saml2.entity.pre_encryption_part, msg_enc="http://www.w3.org/2001/04/xmlenc#aes256-cbc")
saml2.sigver.SecurityContext.encrypt_assertion.__defaults__ = ("aes-256", None)

PORT, FOLDER = int(sys.argv[1]), sys.argv[2]
BASE = "http://localhost:%d" % PORT
AUTHN = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", "authn_auth": BASE}


def path(name):
    return os.path.join(FOLDER, name)


def server():
    settings = {
        "entityid": BASE + "/metadata",
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": path("key.pem"),
        "cert_file": path("cert.pem"),
        "service": {
            "idp": {
                "endpoints": {
                    "single_sign_on_service": [(BASE + "/sso", BINDING_HTTP_REDIRECT)],
                    "single_logout_service": [(BASE + "/slo", BINDING_HTTP_REDIRECT)],
                },
                "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
            }
        },
    }
    if os.path.exists(path("sp.xml")):
        settings["metadata"] = {"local": [path("sp.xml")]}
    return Server(config=IdPConfig().load(settings))


def check(idp, issuer, get):
    """Verifies the signature of a redirect with the certificates in the metadata of the issuer."""
    message = {k: get(k) for k in ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature") if get(k)}
    if not any(verify_redirect_signature(message, idp.sec.sec_backend, cert) for cert in idp.metadata.certs(issuer, "spsso", "signing")):
        raise ValueError("the request is not signed by " + issuer)


def form(action, fields):
    inputs = "".join('<input type="hidden" name="%s" value="%s">' % (k, html.escape(v)) for k, v in fields.items())
    return '<!DOCTYPE html><title>IdP</title><form method="post" action="%s">%s<button id="go">Continue</button></form>' % (html.escape(action), inputs)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        query = {k: v for k, v in parse_qs(address.query).items()}
        try:
            status, kind, body = 200, *getattr(self, address.path.strip("/"))(lambda k, d="": query.get(k, [d])[0], query)
        except Exception as e:  # the test reads it
            status, kind, body = 500, "text/plain", "%s: %s" % (type(e).__name__, e)
        self.send_response(status)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass

    def metadata(self, get, query):
        from saml2.metadata import entity_descriptor

        return "application/xml", str(entity_descriptor(server().config))

    def answer(self, idp, get, **more):
        signed = get("signed", "assertion")
        return str(idp.create_authn_response(
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=get("name", "Ana")), authn=AUTHN,
            sign_response=signed != "assertion", sign_assertion=signed != "response",
            encrypt_assertion=get("encrypt") == "1", encrypted_advice_attributes=False,
            sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256, **more))

    def sso(self, get, query):
        idp = server()
        message = idp.parse_authn_request(get("SAMLRequest"), BINDING_HTTP_REDIRECT).message
        if get("Signature") or os.path.exists(path("demand-signed")):
            check(idp, message.issuer.text, get)
        settings = json.load(open(path("answer.json"))) if os.path.exists(path("answer.json")) else {}
        text = self.answer(idp, lambda k, d="": settings.get(k, d), identity=settings.get("attributes", {}), in_response_to=message.id,
                           destination=message.assertion_consumer_service_url, sp_entity_id=message.issuer.text, userid="ana")
        return "text/html", form(message.assertion_consumer_service_url, {"SAMLResponse": base64.b64encode(text.encode()).decode(), "RelayState": get("RelayState")})

    def start(self, get, query):
        text = self.answer(server(), get, identity={"mail": ["ana@example.com"]}, in_response_to=None, destination=get("to"), sp_entity_id=get("audience"), userid="ana")
        return "text/html", form(get("to"), {"SAMLResponse": base64.b64encode(text.encode()).decode(), "RelayState": get("relay")})

    def response(self, get, query):
        known = ("to", "audience", "name", "signed", "encrypt")
        text = self.answer(server(), get, identity={k: v for k, v in query.items() if k not in known}, in_response_to=None, destination=get("to"),
                           sp_entity_id=get("audience"), userid="ana")
        return "text/plain", base64.b64encode(text.encode()).decode()

    def logout(self, get, query):
        """Demands of the service provider that it signs the user out."""
        idp = server()
        _, request = idp.create_logout_request(
            get("to"), get("audience"), name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=get("name", "Ana")),
            session_indexes=query.get("session"), sign=get("sign", "1") == "1", sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256)
        return "text/html", form(get("to"), {"SAMLRequest": base64.b64encode(str(request).encode()).decode(), "RelayState": "kept"})

    def slo(self, get, query):
        idp = server()
        if get("SAMLResponse"):
            response = idp.parse_logout_request_response(get("SAMLResponse"), BINDING_HTTP_REDIRECT)
            check(idp, response.issuer(), get)
            if not response.status_ok():
                raise ValueError("the service provider did not sign the user out")
            return "text/plain", "obeyed %s %s" % (response.in_response_to, get("RelayState"))
        request = idp.parse_logout_request(get("SAMLRequest"), BINDING_HTTP_REDIRECT)
        check(idp, request.message.issuer.text, get)
        response = idp.create_logout_response(request.message, [BINDING_HTTP_POST], sign=True, sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256)
        with open(path("signed-out"), "w") as f:
            f.write("%s %s" % (request.message.name_id.text, request.message.session_index[0].text))
        to = idp.metadata.single_logout_service(request.message.issuer.text, BINDING_HTTP_POST, "spsso")[0]["location"]
        return "text/html", form(to, {"SAMLResponse": base64.b64encode(str(response).encode()).decode(), "RelayState": get("RelayState")})


ThreadingHTTPServer(("localhost", PORT), Handler).serve_forever()
