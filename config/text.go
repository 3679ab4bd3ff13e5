package config

import (
	"reflect"
	"strings"
)

// EachText calls f with every text of the settings, which f may change. at is the way to it in the configuration's JSON, such as
// "backups: to".
func (a *App) EachText(f func(at string, text *string)) { eachText("", reflect.ValueOf(a).Elem(), f) }

func eachText(at string, v reflect.Value, f func(at string, text *string)) {
	switch v.Kind() { //nolint:exhaustive // the other kinds have no text
	case reflect.String:
		text := v.String()
		f(at, &text)
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			eachText(at, v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachText(at, v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			eachText(strings.TrimPrefix(at+": "+name, ": "), v.Field(i), f)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			eachText(at+": "+key.String(), value, f)
			v.SetMapIndex(key, value)
		}
	}
}
