package draft

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestObjectsOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		want   []string
		whole  bool
	}{
		"plain":             {`{"threats":[{"a":1},{"a":2}]}`, []string{`threats {"a":1}`, `threats {"a":2}`}, true},
		"fenced":            {"Here you are:\n```json\n{\"threats\": [{\"a\":1}]}\n```\n", []string{`threats {"a":1}`}, true},
		"a quote before it": {"It's \"done\": {\"threats\":[{\"a\":1}]}", []string{`threats {"a":1}`}, true},
		"a bare list":       {`[{"a":1}]`, []string{` {"a":1}`}, true},
		"two lists":         {`{"threats":[{"a":1}],"not_applicable":[{"b":2}]}`, []string{`threats {"a":1}`, `not_applicable {"b":2}`}, true},
		"nested":            {`{"threats":[{"a":{"b":[{"c":1}]}}]}`, []string{`threats {"a":{"b":[{"c":1}]}}`}, true},
		"braces in text":    {`{"threats":[{"a":"}]\"{"}]}`, []string{`threats {"a":"}]\"{"}`}, true},
		"cut off":           {`{"threats":[{"a":1},{"a":`, []string{`threats {"a":1}`}, false},
		"trailing commas":   {`{"threats":[{"a":1,},],}`, []string{`threats {"a":1,}`}, true},
		"nothing":           {`I cannot help with that.`, nil, false},
		"empty":             {`{"threats":[]}`, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var whole bool
			pieces := map[int][]string{}
			for _, size := range []int{1, 3, 1 << 20} {
				var got []string
				r := objectReader{each: func(list string, object []byte) { got = append(got, list+" "+string(object)) }}
				for i := 0; i < len(c.answer); i += size {
					r.feed(c.answer[i:min(len(c.answer), i+size)])
				}
				whole, pieces[size] = r.whole(), got
				require.Empty(t, cmp.Diff(c.want, pieces[size]))
				require.Equal(t, c.whole, whole)
			}
		})
	}
}

func TestObjectReaderIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := objectReader{each: func(string, []byte) {}}
		r.feed(rapid.StringOf(rapid.SampledFrom([]rune(`{}[]":,\a `))).Draw(t, "answer"))
		require.LessOrEqual(t, len(r.stack), maxNesting+1)
	})
}

func TestTrailingCommasAreNoError(t *testing.T) {
	t.Parallel()
	var got struct{ A []int }
	require.NoError(t, decode([]byte(`{"a":[1,2, ],}`), &got))
	require.Equal(t, []int{1, 2}, got.A)
	var text struct{ A string }
	require.NoError(t, decode([]byte(`{"a":",}\",]",}`), &text))
	require.Equal(t, `,}",]`, text.A)
	require.Error(t, decode([]byte(`{"a":`), &got))
}
