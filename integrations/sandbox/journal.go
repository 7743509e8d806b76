package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// journal is an append-only file of records, one a line; a record is on disk before append returns. A line that kill -9 tore
// was never answered, so it is cut off at the next start.
type journal struct {
	path string
	file *os.File
	size int64
	err  error // set when the file can no longer be trusted
}

// compactAt is the size from which a journal is written anew when most of it is outdated.
const compactAt = 8 << 20

// openJournal replays the file at path, creating it when there is none, and hands each record to apply.
func openJournal(path string, apply func(record)) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sandbox journal: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox journal: %w", err)
	}
	j := &journal{path: path, file: file}
	if err := j.replay(apply); err != nil {
		file.Close()
		return nil, fmt.Errorf("sandbox journal: %w", err)
	}
	return j, nil
}

func (j *journal) replay(apply func(record)) error {
	all, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	for len(all) > 0 {
		line, rest, whole := bytes.Cut(all, []byte{'\n'})
		if !whole {
			break // torn
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			if len(bytes.Trim(rest, "\x00")) == 0 {
				break // torn too: a file system may have kept the length and lost the text
			}
			return fmt.Errorf("byte %d is not a record: %w", j.size, err)
		}
		apply(r)
		j.size += int64(len(line)) + 1
		all = rest
	}
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	if _, err := j.file.Seek(j.size, io.SeekStart); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(j.path))
}

func (j *journal) append(r record) error {
	if j.err != nil {
		return j.err
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	if _, err = j.file.Write(line); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// What of it reached the disk is unknown: nothing more may follow it.
		j.err = fmt.Errorf("sandbox journal: %w", err)
		return j.err
	}
	j.size += int64(len(line))
	return nil
}

// compact replaces the file by the given records. A kill in between leaves either the old file or the new one.
func (j *journal) compact(records []record) error {
	next, err := os.CreateTemp(filepath.Dir(j.path), filepath.Base(j.path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // fails once renamed, as it should
	var size int64
	for _, r := range records {
		line, err := r.line()
		if err == nil {
			_, err = next.Write(line)
		}
		if err != nil {
			next.Close()
			return err
		}
		size += int64(len(line))
	}
	if err := next.Sync(); err != nil {
		next.Close()
		return err
	}
	if err := os.Rename(next.Name(), j.path); err != nil {
		next.Close()
		return err
	}
	j.file.Close()
	j.file, j.size = next, size
	return syncDir(filepath.Dir(j.path))
}

func (j *journal) close() error {
	j.err = os.ErrClosed
	return j.file.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
