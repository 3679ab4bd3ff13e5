package iam

// samlNames are the attributes of eduPerson, eduOrg and directories that are condition keys.
var samlNames = []string{
	"eduPersonAffiliation", "eduPersonAssurance", "eduPersonEntitlement", "eduPersonNickname", "eduPersonOrgDN", "eduPersonOrgUnitDN",
	"eduPersonPrimaryAffiliation", "eduPersonPrimaryOrgUnitDN", "eduPersonPrincipalName", "eduPersonScopedAffiliation", "eduPersonTargetedID",
	"eduOrgHomePageURI", "eduOrgIdentityAuthNPolicyURI", "eduOrgLegalName", "eduOrgSuperiorURI", "eduOrgWhitePagesURI",
	"cn", "commonName", "givenName", "mail", "name", "organizationStatus", "primaryGroupSID", "surname", "uid", "x500UniqueIdentifier",
}

// samlFormal are the condition keys of attributes by their formal names, in lower case: IAM user guide, "Mapping SAML attributes to AWS trust
// policy context keys".
var samlFormal = map[string][]string{
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.1":  {"eduPersonAffiliation"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.2":  {"eduPersonNickname"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.3":  {"eduPersonOrgDN"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.4":  {"eduPersonOrgUnitDN"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.5":  {"eduPersonPrimaryAffiliation"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.6":  {"eduPersonPrincipalName"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.7":  {"eduPersonEntitlement"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.8":  {"eduPersonPrimaryOrgUnitDN"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.9":  {"eduPersonScopedAffiliation"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.10": {"eduPersonTargetedID"},
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.11": {"eduPersonAssurance"},
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.2":  {"eduOrgHomePageURI"},
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.3":  {"eduOrgIdentityAuthNPolicyURI"},
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.4":  {"eduOrgLegalName"},
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.5":  {"eduOrgSuperiorURI"},
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.6":  {"eduOrgWhitePagesURI"},

	"urn:oid:2.5.4.3":                    {"cn", "commonName"},
	"urn:oid:2.5.4.4":                    {"surname"},
	"urn:oid:2.5.4.42":                   {"givenName"},
	"urn:oid:2.5.4.45":                   {"x500UniqueIdentifier"},
	"urn:oid:0.9.2342.19200300.100.1.1":  {"uid"},
	"urn:oid:0.9.2342.19200300.100.1.3":  {"mail"},
	"urn:oid:0.9.2342.19200300.100.1.45": {"organizationStatus"},

	"http://schemas.xmlsoap.org/claims/commonname":                            {"commonName"},
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name":              {"name"},
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname":         {"givenName"},
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname":           {"surname"},
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress":      {"mail"},
	"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": {"primaryGroupSID"},
}
