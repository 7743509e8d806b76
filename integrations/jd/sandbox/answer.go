package sandbox

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

// fault is why a call failed: before the service was reached, or by the service inside the wrapper.
type fault struct {
	code, chinese, english string
	inside                 bool
}

// texts are the gateway's codes with their words.
var texts = map[string][2]string{
	"2":  {"限制时间内调用失败次数", "App Call Limited"},
	"4":  {"缺少版本参数", "Missing Version"},
	"5":  {"不支持的版本号", "Unsupported Version"},
	"7":  {"缺少时间戳参数", "Missing Timestamp"},
	"8":  {"无效时间戳", "Invalid Timestamp"},
	"11": {"缺少签名参数", "Missing Signature"},
	"12": {"无效签名", "Invalid Signature"},
	"13": {"无效数据格式", "Invalid Format"},
	"14": {"缺少方法名参数", "Missing Method"},
	"15": {"不存在的方法名", "Invalid Method"},
	"18": {"缺少access_token参数", "Missing access_token"},
	"19": {"无效access_token", "Invalid access_token"},
	"20": {"缺少app_key参数", "Missing app_key"},
	"21": {"无效app_key", "Invalid app_key"},
	"43": {"系统处理错误", "System Error"},
	"60": {"缺少必要的参数", "Missing Parameter"},
	"61": {"参数错误", "Invalid Parameter"},
	"63": {"非法的JSON", "Invalid JSON"},
	"66": {"平台连接后端服务不可用", "Platform connection backend service unavailable"},
	"68": {"可选字段校验失败", "Optional field check failed"},
}

// gateway is a failure before the service was reached.
func gateway(code string) *fault {
	t := texts[code]
	return &fault{code: code, chinese: t[0], english: t[1]}
}

// service is a failure of the service itself, told inside the wrapper.
func service(code, chinese string) *fault {
	return &fault{code: code, chinese: chinese, english: "service error", inside: true}
}

func failure(name string, f *fault) sandbox.Answer {
	words := map[string]any{"code": f.code, "zh_desc": f.chinese, "en_desc": f.english}
	if f.inside {
		return encoded(map[string]any{wrapper(name): words}, f.code)
	}
	return encoded(map[string]any{"error_response": words}, f.code)
}

// success wraps a result: the method's name, dots made underscores, then JD's spelling of "response".
func success(name string, out map[string]any) sandbox.Answer {
	out["code"] = "0"
	return encoded(map[string]any{wrapper(name): out}, "ok")
}

func wrapper(name string) string { return strings.ReplaceAll(name, ".", "_") + "_responce" }

func encoded(v any, outcome string) sandbox.Answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return sandbox.Answer{Type: "text/plain", Body: []byte("the sandbox cannot write its answer"), Outcome: "broken"}
	}
	return sandbox.Answer{Type: "application/json;charset=utf-8", Body: bytes.TrimSpace(b.Bytes()), Outcome: outcome}
}
