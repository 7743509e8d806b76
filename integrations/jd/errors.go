package jd

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// kinds tells what to do about the gateway's codes. Source: JD's table of global error codes.
var kinds = map[string]integrations.ErrorKind{
	"1": integrations.Temporary, "43": integrations.Temporary, "65": integrations.Temporary, "66": integrations.Temporary,
	"67": integrations.Temporary, "69": integrations.Temporary, "78": integrations.Temporary,
	"70": integrations.Temporary, // the order is just being shipped out: read it again later

	"2": integrations.Limited,

	"18": integrations.Unauthorized, "19": integrations.Unauthorized, // no token, or one that has run out
	"9": integrations.Unauthorized, "10": integrations.Unauthorized, "22": integrations.Unauthorized, // no merchant's account

	"3": integrations.Misconfigured, "24": integrations.Misconfigured, "25": integrations.Misconfigured, // permission
	"4": integrations.Misconfigured, "5": integrations.Misconfigured, "6": integrations.Misconfigured, // v
	"7": integrations.Misconfigured, "8": integrations.Misconfigured, // clock
	"11": integrations.Misconfigured, "12": integrations.Misconfigured, // signature
	"20": integrations.Misconfigured, "21": integrations.Misconfigured, // key
	"73": integrations.Misconfigured, "74": integrations.Misconfigured, "75": integrations.Misconfigured, "77": integrations.Misconfigured,
	"79": integrations.Misconfigured, "80": integrations.Misconfigured, "88": integrations.Misconfigured, "89": integrations.Misconfigured,
	"90": integrations.Misconfigured, "91": integrations.Misconfigured, "92": integrations.Misconfigured,

	"14": integrations.Unsupported, "15": integrations.Unsupported, "23": integrations.Unsupported, "28": integrations.Unsupported,
	"64": integrations.Unsupported, "72": integrations.Unsupported,

	"13": integrations.Rejected, "16": integrations.Rejected, "17": integrations.Rejected, "50": integrations.Rejected,
	"60": integrations.Rejected, "61": integrations.Rejected, "62": integrations.Rejected, "63": integrations.Rejected,
	"68": integrations.Rejected,

	"71": integrations.Missing,
}

// domainKinds are the codes of the services behind the gateway, where they differ from "refused".
var domainKinds = map[string]integrations.ErrorKind{
	"500": integrations.Temporary, "503": integrations.Limited,
	"10100046": integrations.Temporary, // wrong cooperation type; it also comes out of nowhere and passes
	"11200025": integrations.Missing,   // the SKU is deleted
}

// pause is how long to stop after a limit; JD names no time.
const pause = 2 * time.Second

// gatewayError judges the code of a failed call. The gateway's own codes have up to two digits: a new one among them is worth another
// try, since nothing is known to have happened. Longer ones come from the service behind it, which looked at the request.
func gatewayError(f api.Fault) *integrations.Error {
	kind, ok := kinds[string(f.Code)]
	switch {
	case ok:
		return made(kind, string(f.Code), f.Text())
	case len(f.Code) > 2:
		return refusal(string(f.Code), f.Text())
	default:
		return made(integrations.Temporary, string(f.Code), f.Text())
	}
}

// refusal judges a code of a service: what it does not want now it will not want later either.
func refusal(code, text string) *integrations.Error {
	kind, ok := domainKinds[code]
	if !ok {
		kind = integrations.Rejected
	}
	return made(kind, code, text)
}

// passing are words of refusals that are about the moment and not about what was asked. Source: the texts of JD's codes 1, 43, 65 to 69,
// 500 and 503, and what its services say where they give no code.
var passing = []string{"系统错误", "系统异常", "系统忙", "系统繁忙", "系统处理", "系统内部", "服务异常", "网络异常", "未知异常", "服务不可用", "繁忙", "超时", "稍后", "稍候",
	"重试", "频繁", "限流", "timeout", "timed out", "busy", "try again", "too many", "system error"}

// refusedStock judges why the quantity of a SKU was not taken: by its code, as for whole calls, else by its words, since no code is
// documented. Where nothing is said nothing is known, and figures bear repeating.
func refusedStock(code, text api.Text) *integrations.Error {
	if code == "0" {
		code = ""
	}
	kind, ok := domainKinds[string(code)]
	if gate := kinds[string(code)]; !ok && (gate == integrations.Temporary || gate == integrations.Limited || gate == integrations.Missing) {
		kind, ok = gate, true
	}
	said := strings.ToLower(string(text))
	switch {
	case ok:
	case code == "" && text == "", slices.ContainsFunc(passing, func(word string) bool { return strings.Contains(said, word) }):
		kind = integrations.Temporary
	default:
		kind = integrations.Rejected
	}
	return made(kind, string(first(code, "STOCK")), string(first(text, "refused without a reason")))
}

func made(kind integrations.ErrorKind, code, text string) *integrations.Error {
	e := &integrations.Error{Kind: kind, Code: clip(code, 40), Message: clip(text, 200)}
	if kind == integrations.Limited {
		e.RetryAfter = pause
	}
	return e
}

// checked turns a service's own "not done" into an error; a missing success counts as done when no code says otherwise.
func checked(r api.Result) error {
	code := string(first(r.ErrorCode, r.ErrorCode2, r.NumberCode))
	if r.Success == nil && (code == "" || code == "0") || r.Success != nil && bool(*r.Success) {
		return nil
	}
	return refusal(code, string(first(r.ChineseErr, r.ChineseErr2, r.EnglishErr, r.EnglishErr2, "refused without a reason")))
}

func rejected(code, text string) *integrations.Error { return made(integrations.Rejected, code, text) }

// absent tells whether an API is closed to this application, so that the shop must do without it.
func absent(err error) bool {
	if err == nil {
		return false
	}
	e := integrations.AsError(err)
	return e.Kind == integrations.Unsupported || e.Code == "24" || e.Code == "3"
}

func first(texts ...api.Text) api.Text {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// clip makes another's text fit to be shown: one line, of at most n characters.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}
