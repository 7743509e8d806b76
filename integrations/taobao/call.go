package taobao

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// china is the zone of every time on the wire. Source: article 101617.
var china = time.FixedZone("GMT+8", 8*60*60)

const layout = "2006-01-02 15:04:05"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 32 << 20

// call sends one request and reads the members of its answer into out. Everything goes in the body, so no address carries a secret.
// Errors are *integrations.Error.
func (s *shop) call(ctx context.Context, method string, params map[string]string, out any) error {
	all := map[string]string{
		"method": method, "app_key": s.appKey, "session": s.session, "timestamp": s.now().In(china).Format(layout),
		"format": "json", "v": "2.0", "sign_method": signHMACSHA256,
	}
	maps.Copy(all, params)
	maps.DeleteFunc(all, func(_, v string) bool { return v == "" }) // whether empty values are signed is not established: none is sent
	all["sign"] = sign(signHMACSHA256, s.appSecret, all)
	form := url.Values{}
	for name, value := range all {
		form.Set(name, value)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.gateway, strings.NewReader(form.Encode()))
	if err != nil {
		return &integrations.Error{Kind: integrations.Misconfigured, Code: "GATEWAY", Message: "gatewayUrl is not an address"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	resp, err := s.http.Do(req)
	if err != nil {
		return lost(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return lost(err)
	}
	if resp.StatusCode != http.StatusOK {
		return status(resp)
	}
	return s.open(method, body, out)
}

// open unwraps an answer: one member named after the method, or error_response.
func (s *shop) open(method string, body []byte, out any) error {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(body, &envelope); err != nil {
		return garbled("the answer is not JSON")
	}
	if inner, failed := envelope["error_response"]; failed {
		var e api.Error
		if err := json.Unmarshal(inner, &e); err != nil {
			return garbled("the error is not readable")
		}
		found := classify(e, s.now())
		for _, secret := range []string{s.appSecret, s.session} { // nothing a gateway echoes may leak them
			found.Message = strings.ReplaceAll(found.Message, secret, "…")
		}
		return found
	}
	inner, ok := envelope[strings.ReplaceAll(strings.TrimPrefix(method, "taobao."), ".", "_")+"_response"]
	if !ok {
		return garbled("the answer is not for this call")
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(inner, out); err != nil {
		return garbled("the answer has another shape than documented")
	}
	return nil
}
