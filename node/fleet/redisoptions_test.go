package fleet

import (
	"log/slog"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/store/redis"
)

// Revocations and counts connect in the same way, which the configuration says.
func TestConnectionsToRedisAreAsConfigured(t *testing.T) {
	t.Parallel()
	o := RedisOptions(&config.Redis{Addresses: []string{"192.0.2.1:26379"}, Master: "main", Username: "sluice", Password: "one",
		SentinelUsername: "asking", SentinelPassword: "two", TLS: true,
		TLSOptions: &config.RedisTLS{CA: "ca.pem", Certificate: "sluice.pem", Key: "sluice.key", ServerName: "redis.example"}}, time.Now, slog.New(slog.DiscardHandler))
	if want := (redis.TLSFiles{CA: "ca.pem", Certificate: "sluice.pem", Key: "sluice.key", ServerName: "redis.example"}); o.TLS == nil || *o.TLS != want {
		t.Errorf("TLS is %+v", o.TLS)
	}
	if o.Username != "sluice" || o.Password.Reveal() != "one" || o.SentinelUsername != "asking" || o.SentinelPassword.Reveal() != "two" {
		t.Errorf("the users are %+v", o)
	}
	if o := RedisOptions(&config.Redis{TLS: true}, time.Now, nil); o.TLS == nil || *o.TLS != (redis.TLSFiles{}) {
		t.Errorf("tls on is %+v", o.TLS)
	}
	if o := RedisOptions(&config.Redis{}, time.Now, nil); o.TLS != nil {
		t.Errorf("without TLS it is %+v", o.TLS)
	}
}
