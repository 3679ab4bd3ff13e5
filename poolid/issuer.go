package poolid

import "strings"

// OfIssuer returns the last part of an issuer's URL if it looks like a user pool id, {region}_{id}, or "".
func OfIssuer(url string) string {
	id := url[strings.LastIndexByte(url, '/')+1:]
	region, name, ok := strings.Cut(id, "_")
	if !ok || name == "" || !strings.Contains(region, "-") || strings.ContainsAny(id, ".:?#") {
		return ""
	}
	return id
}
