package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/config"
)

// parseBranding parses how the login pages of an app client look:
//
//	branding [<file>] {
//		image <category> [light|dark] <file>
//	}
func parseBranding(d *caddyfile.Dispenser, client *config.Client) error {
	const syntax = "branding [<file>] { image … }"
	if client.Branding != nil {
		return d.Err("branding is set twice; remove one of them")
	}
	client.Branding = new(config.Branding)
	from := d.File()
	if d.NextArg() {
		client.Branding.Settings = relativeTo(from, d.Val())
		if err := exists(d, client.Branding.Settings); err != nil {
			return err
		}
		if d.NextArg() {
			return usage(d, syntax)
		}
	}
	return parseBlock(d, "branding", brandingOptions(client.Branding))
}

func brandingOptions(b *config.Branding) map[string]option {
	return map[string]option{
		"image": func(d *caddyfile.Dispenser) error {
			const syntax = "image <category> [light|dark] <file>"
			from, args := d.File(), d.RemainingArgs()
			if len(args) != 2 && len(args) != 3 {
				return usage(d, syntax)
			}
			image := config.BrandingImage{Category: strings.ToUpper(args[0]), ColorMode: "DYNAMIC", File: relativeTo(from, args[len(args)-1])}
			if len(args) == 3 {
				if args[1] != "light" && args[1] != "dark" {
					return usage(d, syntax)
				}
				image.ColorMode = strings.ToUpper(args[1])
			}
			if err := exists(d, image.File); err != nil {
				return err
			}
			b.Images = append(b.Images, image)
			return noBlock(d, syntax)
		},
	}
}

// parseTerms parses the address of a document, in one language or for all languages without their own:
//
//	terms terms-of-use|privacy-policy [<language>] <url>
func parseTerms(d *caddyfile.Dispenser, client *config.Client) error {
	const syntax = "terms terms-of-use|privacy-policy [<language>] <url>"
	args := d.RemainingArgs()
	if len(args) != 2 && len(args) != 3 {
		return usage(d, syntax)
	}
	link := config.TermsLink{Document: args[0], Language: "default", URL: args[len(args)-1]}
	if len(args) == 3 {
		link.Language = args[1]
	}
	client.Terms = append(client.Terms, link)
	return noBlock(d, syntax)
}
