package providers

// saml is any SAML 2.0 provider. A Maker reads the metadata and fills in the addresses and the certificate.
var saml = kind{
	optional: []string{FormerIssuers, MetadataURL, MetadataFile, SignOut, EncryptedAnswers, RequestSigning, Unsolicited,
		SignInRedirect, SignOutRedirect, ActiveCertificate}, // the last three come back from infrastructure tools, which copy what is shown
	check: func(details map[string]string) error {
		for _, key := range []string{SignInRedirect, SignOutRedirect, ActiveCertificate} {
			delete(details, key)
		}
		switch given := details[MetadataURL]; {
		case given == "" && details[MetadataFile] == "":
			return invalid("At least one of the MetadataURL or MetadataFile should be provided.")
		case given != "" && details[MetadataFile] != "":
			return invalid("Only one of the MetadataURL or MetadataFile should be provided.")
		case given != "":
			if err := checkURL(MetadataURL, given); err != nil {
				return err
			}
		}
		if alg := details[RequestSigning]; alg != "" && alg != "rsa-sha256" {
			return invalid("The value of %s in ProviderDetails must be rsa-sha256.", RequestSigning)
		}
		for _, key := range []string{SignOut, EncryptedAnswers, Unsolicited} {
			if err := checkFlag(details, key); err != nil {
				return err
			}
		}
		return nil
	},
}
