package providers

// purposeRequest seals the data of requests to identity providers.
const purposeRequest = "request to an identity provider"

// RequestSeal returns the purpose and the additional data with which the data of a store.ProviderRequest is sealed.
func RequestSeal(id string) (purpose string, additional []byte) { return purposeRequest, []byte(id) }
