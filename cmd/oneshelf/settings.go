package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// data says where the data are: what every command on them needs.
type data struct {
	DataDir       string `name:"data-dir" env:"ONESHELF_DATA_DIR" default:"./data" placeholder:"DIR" help:"SQLite file, signing keys, exports."`
	DatabaseURL   string `name:"database-url" env:"ONESHELF_DATABASE_URL" placeholder:"URL" help:"postgres://… for many processes; SQLite in the data folder when absent."`
	SecretKeyFile string `name:"secret-key-file" env:"ONESHELF_SECRET_KEY_FILE" placeholder:"FILE" help:"Seals channel secrets; shared by all processes of one database. In the data folder when absent."`
	LogLevel      string `name:"log-level" env:"ONESHELF_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// serving says how a server serves.
type serving struct {
	data
	Addr          string   `name:"addr" env:"ONESHELF_ADDR" default:"127.0.0.1:8080" help:"Listen address."`
	RedisURL      string   `name:"redis-url" env:"ONESHELF_REDIS_URL" placeholder:"URL" help:"redis://…: wakes readers in other processes and keeps resolved viewers. Nothing needs it."`
	Roles         []string `name:"roles" env:"ONESHELF_ROLES" default:"api,worker" enum:"api,worker" help:"What this process does: api, worker or both."`
	CORSOrigins   []string `name:"cors-origins" env:"ONESHELF_CORS_ORIGINS" placeholder:"ORIGIN" help:"Browser origins that may call; none when absent."`
	Issuers       string   `name:"issuers" env:"ONESHELF_ISSUERS" placeholder:"ISS=JWKS-URL" help:"External token issuers, comma-separated."`
	AllowLoopback string   `name:"allow-loopback" env:"ONESHELF_ALLOW_LOOPBACK" enum:"on,off," default:"" help:"Outgoing calls to loopback addresses, for sandboxes: on or off."`
	Reserve       caps     `embed:"" prefix:"reserve-" envprefix:"ONESHELF_RESERVE_"`
}

// caps are orders.Caps as settings. A shop that keeps carts for all its visitors under one token needs more than a default client.
type caps struct {
	PerClient      int64 `name:"per-client" env:"PER_CLIENT" placeholder:"100" help:"Active reservations of one client."`
	UnitsPerClient int64 `name:"units-per-client" env:"UNITS_PER_CLIENT" placeholder:"1000" help:"Units of one variant that one client may keep."`
	PerMember      int64 `name:"per-member" env:"PER_MEMBER" placeholder:"5" help:"Active reservations of one member."`
	UnitsPerMember int64 `name:"units-per-member" env:"UNITS_PER_MEMBER" placeholder:"10" help:"Units of one variant that one member may keep."`
}

func (d data) database() string {
	if d.DatabaseURL != "" {
		return d.DatabaseURL
	}
	return filepath.Join(d.DataDir, "oneshelf.db")
}

func (d data) secretKey() string {
	if d.SecretKeyFile != "" {
		return d.SecretKeyFile
	}
	return filepath.Join(d.DataDir, "secret.key")
}

func (d data) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(d.LogLevel)) // checked when it was parsed
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

func (s serving) role(name string) bool {
	for _, r := range s.Roles {
		if r == name {
			return true
		}
	}
	return false
}

// check answers what is wrong with settings that the parser cannot know.
func (s serving) check() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		return usageError{fmt.Errorf("--addr %q is not host:port", s.Addr)}
	}
	if c := s.Reserve; min(c.PerClient, c.UnitsPerClient, c.PerMember, c.UnitsPerMember) < 0 {
		return usageError{errors.New("--reserve-…: a cap is not below 0; 0 is the default")}
	}
	for _, o := range s.CORSOrigins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return usageError{fmt.Errorf("--cors-origins %q is not an origin such as https://shop.example", o)}
		}
		if sent := originOf(u); o != sent {
			return usageError{fmt.Errorf("--cors-origins %q would never match: browsers send %s", o, sent)}
		}
	}
	return nil
}

// originOf is the origin of a page at an address, as browsers send it: in small letters, without a path and without the port that goes
// without saying. Source: RFC 6454, section 6.2.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	return u.Scheme + "://" + strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
}
