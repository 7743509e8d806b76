package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// LoadOrCreate reads the key file at path and makes it when there is none. Processes that start at the same time on the same path
// agree on one key. A file of another size, or one that ReadSecret refuses, is refused.
func LoadOrCreate(path string) (*Key, error) {
	raw, err := ReadSecret(path, KeySize)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, KeySize)
		_, _ = rand.Read(fresh) // never fails, see its documentation
		if err := WriteOnce(path, fresh); err != nil {
			return nil, err
		}
		raw, err = ReadSecret(path, KeySize)
	}
	if err != nil {
		return nil, err
	}
	if len(raw) != KeySize {
		return nil, fmt.Errorf("the secret key file %s must hold exactly %d bytes", path, KeySize)
	}
	return newKey(raw)
}

// ReadSecret reads a file of at most limit bytes that only its owner may touch; one of root's its group may read. A missing file is
// fs.ErrNotExist.
func ReadSecret(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open a secret file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat() // of the open file, so what is checked is what is read
	if err != nil {
		return nil, fmt.Errorf("look at a secret file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !private(info.Mode().Perm(), ok && owner.Uid == 0) {
		return nil, fmt.Errorf("%s may be touched by others (mode %04o); make it mode 0600, or 0640 when root owns it", path, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("read a secret file: %w", err)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("%s is longer than the %d bytes expected", path, limit)
	}
	return data, nil
}

// private tells whether nobody but who is meant to may touch a file of this mode. What root hands to a program, as systemd's credentials
// and Kubernetes' secrets are, the program can read only as one of its group.
func private(mode fs.FileMode, ofRoot bool) bool {
	if ofRoot {
		return mode&0o037 == 0
	}
	return mode&0o077 == 0
}

// WriteOnce makes the file at path with mode 0600, whole and on disk or not at all. When there is one already, whoever made it, it
// stays as it is and the answer is nil. Missing folders are made with mode 0700.
func WriteOnce(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of a secret file: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("make a secret file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write a secret file: %w", err)
	}
	// A link, unlike a rename, fails when the name is taken: the first process wins and the others read its file.
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put a secret file in place: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes a new name in the folder survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the folder of a secret file: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the folder of a secret file: %w", err)
	}
	return nil
}
