package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/oneshelf/oneshelf/commerce/channels"
	jdsandbox "github.com/oneshelf/oneshelf/integrations/jd/sandbox"
	taobaosandbox "github.com/oneshelf/oneshelf/integrations/taobao/sandbox"
	"github.com/oneshelf/oneshelf/internal/seal"
)

type sandboxCommand struct {
	Taobao taobaoCommand `cmd:"" help:"Taobao's open platform at /router/rest."`
	JD     jdCommand     `cmd:"" name:"jd" help:"JD's open platform at /routerjson."`
}

// sandboxing is what both sandboxes are told.
type sandboxing struct {
	Addr      string `name:"addr" required:"" placeholder:"HOST:PORT" help:"Listen address, on loopback."`
	AppKey    string `name:"app-key" required:"" help:"The app key it knows."`
	AppSecret string `name:"app-secret" required:"" help:"The secret that signs calls."`
	DataDir   string `name:"data-dir" env:"ONESHELF_DATA_DIR" default:"./data" placeholder:"DIR" help:"Where its state is kept."`
}

type taobaoCommand struct {
	sandboxing
	Session string `name:"session" required:"" help:"The seller's session."`
}

func (taobaoCommand) Help() string {
	return "Example:\n  oneshelf sandbox taobao --addr 127.0.0.1:9101 --app-key K --app-secret S --session T"
}

func (c *taobaoCommand) Run(ctx context.Context, io streams) error {
	box, err := taobaosandbox.New(taobaosandbox.Config{AppKey: c.AppKey, AppSecret: c.AppSecret, Session: c.Session, Dir: filepath.Join(c.DataDir, "sandbox-taobao"), Now: time.Now})
	if err != nil {
		return err
	}
	defer box.Close()
	return c.serve(ctx, io, box, "/router/rest")
}

type jdCommand struct {
	sandboxing
	AccessToken string `name:"access-token" required:"" help:"The seller's access token."`
}

func (jdCommand) Help() string {
	return "Example:\n  oneshelf sandbox jd --addr 127.0.0.1:9102 --app-key K --app-secret S --access-token T"
}

func (c *jdCommand) Run(ctx context.Context, io streams) error {
	box, err := jdsandbox.New(jdsandbox.Config{AppKey: c.AppKey, AppSecret: c.AppSecret, AccessToken: c.AccessToken, Dir: filepath.Join(c.DataDir, "sandbox-jd"), Now: time.Now})
	if err != nil {
		return err
	}
	defer box.Close()
	return c.serve(ctx, io, box, "/routerjson")
}

func (c *sandboxing) serve(ctx context.Context, io streams, h http.Handler, path string) error {
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	fmt.Fprintf(io.err, "gateway http://%s%s, control http://%s/_sandbox/\n", l.Addr(), path, l.Addr())
	return serveUntil(ctx, l, h)
}

// serveUntil serves a sandbox until ctx ends.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	web := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { web.Close() })()
	if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// sandboxes are the demo's marketplaces: what sandboxes.json tells.
type sandboxes struct {
	Taobao taobaoAccess `json:"taobao"`
	JD     jdAccess     `json:"jd"`
}

type taobaoAccess struct {
	GatewayURL string `json:"gatewayUrl"`
	Control    string `json:"control"`
	AppKey     string `json:"appKey"`
	AppSecret  string `json:"appSecret"`
	Session    string `json:"session"`
}

type jdAccess struct {
	GatewayURL  string `json:"gatewayUrl"`
	Control     string `json:"control"`
	AppKey      string `json:"appKey"`
	AppSecret   string `json:"appSecret"`
	AccessToken string `json:"accessToken"`
}

// openSandboxes starts both marketplaces of the demo on loopback, at their own ports when those are free. Their keys follow from the
// server's secret, so they are the same after a restart.
func openSandboxes(ctx context.Context, dir string, key *seal.Key, failed func(error)) (*sandboxes, error) {
	name := func(purpose string) string { return fmt.Sprintf("%x", key.Derive("demo sandbox " + purpose)[:12]) }
	out := &sandboxes{
		Taobao: taobaoAccess{AppKey: "demo-taobao", AppSecret: name("taobao secret"), Session: name("taobao session")},
		JD:     jdAccess{AppKey: "demo-jd", AppSecret: name("jd secret"), AccessToken: name("jd token")},
	}
	taobao, err := taobaosandbox.New(taobaosandbox.Config{
		AppKey: out.Taobao.AppKey, AppSecret: out.Taobao.AppSecret, Session: out.Taobao.Session, Dir: filepath.Join(dir, "sandbox-taobao"), Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	jd, err := jdsandbox.New(jdsandbox.Config{
		AppKey: out.JD.AppKey, AppSecret: out.JD.AppSecret, AccessToken: out.JD.AccessToken, Dir: filepath.Join(dir, "sandbox-jd"), Now: time.Now,
	})
	if err != nil {
		return nil, errors.Join(err, taobao.Close())
	}
	for _, box := range []struct {
		port    string
		handler http.Handler
		close   func() error
		path    string
		gateway *string
		control *string
	}{
		{"9101", taobao, taobao.Close, "/router/rest", &out.Taobao.GatewayURL, &out.Taobao.Control},
		{"9102", jd, jd.Close, "/routerjson", &out.JD.GatewayURL, &out.JD.Control},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:"+box.port)
		if err != nil {
			if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				return nil, err
			}
		}
		*box.control = "http://" + l.Addr().String()
		*box.gateway = *box.control + box.path
		go func() {
			err := serveUntil(ctx, l, box.handler)
			if err := errors.Join(err, box.close()); err != nil {
				failed(err)
			}
		}()
	}
	return out, out.save(filepath.Join(dir, "sandboxes.json"))
}

func (s *sandboxes) save(path string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// settings are what the channels are connected with.
func (s *sandboxes) taobaoSettings() []channels.Setting {
	return []channels.Setting{{Name: "gatewayUrl", Value: s.Taobao.GatewayURL}, {Name: "appKey", Value: s.Taobao.AppKey},
		{Name: "appSecret", Value: s.Taobao.AppSecret}, {Name: "session", Value: s.Taobao.Session}, {Name: "categoryId", Value: demoTaobaoCategory}}
}

func (s *sandboxes) jdSettings() []channels.Setting {
	return []channels.Setting{{Name: "gatewayUrl", Value: s.JD.GatewayURL}, {Name: "appKey", Value: s.JD.AppKey},
		{Name: "appSecret", Value: s.JD.AppSecret}, {Name: "accessToken", Value: s.JD.AccessToken},
		{Name: "categoryId", Value: demoJDCategory}, {Name: "freightTemplateId", Value: demoJDFreight}}
}
