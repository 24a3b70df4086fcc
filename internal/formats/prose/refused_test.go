package prose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// What only looks like a part is none, and what is one part is not two.
func TestPartsThatAreNotThere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text  string
		want  []string
		flows []string
	}{
		"a product's word in a longer name": {
			"Museum staff log in to the Box Office console over HTTPS. The Box Office console stores bookings in PostgreSQL.",
			[]string{"Museum staff", "Box Office", "PostgreSQL"}, []string{"Museum staff -> Box Office", "Box Office -> PostgreSQL"},
		},
		"a product's word at the start of a sentence": {
			"Teams of gardeners use the web app. Box beds are watered at night. The web app reads PostgreSQL.",
			[]string{"Web app", "PostgreSQL"}, []string{"PostgreSQL -> Web app"},
		},
		"the product itself": {
			"The web app posts alerts to Slack and uploads reports to Box. The web app reads PostgreSQL.",
			[]string{"Web app", "Slack", "Box", "PostgreSQL"}, []string{"Web app -> Slack", "Web app -> Box", "PostgreSQL -> Web app"},
		},
		"the verb of a relative clause": {
			"Airflow schedules Spark jobs that train churn models. Spark jobs read S3.",
			[]string{"Airflow", "Spark jobs", "Churn models", "S3"}, nil,
		},
		"a verb that ends a known name": {
			"- login: by e-mail link\n- The Flask app stores orders in SQLite.\n",
			[]string{"Flask app", "SQLite"}, []string{"Flask app -> SQLite"},
		},
		"what may come later": {
			"The web app runs on Heroku, later maybe fly.io, and stores orders in PostgreSQL. Perhaps we add Redis.",
			[]string{"Web app", "Heroku", "PostgreSQL"}, []string{"Web app -> PostgreSQL"},
		},
		"a file of the product": {
			"The web app stores orders in SQLite. The SQLite file sits next to the web app.",
			[]string{"Web app", "SQLite"}, []string{"Web app -> SQLite"},
		},
		"an application that is built on a product": {
			"The Portal is an ASP.NET Core application. The Portal stores grades in PostgreSQL.",
			[]string{"Portal", "PostgreSQL"}, []string{"Portal -> PostgreSQL"},
		},
		"a device with a name of its own": {
			"The Barn hub is an IoT device. The Barn hub sends readings to the Cloud API.",
			[]string{"Barn hub", "Cloud API"}, []string{"Barn hub -> Cloud API"},
		},
		"a service behind its name": {
			"Phones send events to the Collector, a Go service. The Collector writes the events to Kafka.",
			[]string{"Phone", "Collector", "Kafka"}, []string{"Phone -> Collector", "Collector -> Kafka"},
		},
		"a program that is only called by its name": {
			"The Shop reads orders from PostgreSQL. Staff use the Console. The Console calls the Shop.",
			[]string{"Shop", "PostgreSQL", "Staff", "Console"}, []string{"PostgreSQL -> Shop", "Staff -> Console", "Console -> Shop"},
		},
		"who signs in": {
			"Parents and teachers sign in with Keycloak.",
			[]string{"Parent", "Teacher", "Keycloak"}, []string{"Parent -> Keycloak", "Teacher -> Keycloak"},
		},
		"the operating system of a device": {
			"The thermostat runs FreeRTOS. The thermostat sends readings to the cloud API.",
			[]string{"Thermostat", "Cloud API"}, []string{"Thermostat -> Cloud API"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := parse(t, tc.text)
			require.ElementsMatch(t, tc.want, names(a))
			if tc.flows != nil {
				require.ElementsMatch(t, tc.flows, flowNames(a))
			}
		})
	}
}

// What a part is said to be decides its kind.
func TestSaidToBe(t *testing.T) {
	t.Parallel()
	require.Equal(t, []stride.Tag{"iot_device"}, named(t, parse(t, "The Sensor hub is an IoT device. It sends readings to the Cloud API."), "Sensor hub").Tags)
	require.Equal(t, []stride.Tag{"iot_device"}, named(t, parse(t, "Zephyr reads the meter and sends readings to the Cloud API."), "Zephyr").Tags)
}

// The name of a provider before another noun is no zone.
func TestZonesThatAreNotThere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"keys":     {"Terraform is run from GitHub Actions with long-lived AWS keys. The API reads MySQL.", nil},
		"a noun":   {"Terraform runs on Azure credentials of its own. The API reads MySQL.", nil},
		"a place":  {"The API runs in AWS and reads MySQL.", []string{"AWS"}},
		"a subnet": {"The API runs in the private subnet and reads MySQL.", []string{"Private subnet"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, z := range parse(t, tc.text).TrustBoundaries {
				got = append(got, z.Name)
			}
			require.Empty(t, cmp.Diff(tc.want, got))
		})
	}
}

// Source files and texts in other languages have no components, and a note says why.
func TestNoDescription(t *testing.T) {
	t.Parallel()
	const code, foreign = "source code", "not look English"
	for name, tc := range map[string]struct{ text, note string }{
		"Python":       {"import redis\nfrom flask import Flask\n\napp = Flask(__name__)\nr = redis.Redis(host=\"redis\")\n\n@app.route(\"/\")\ndef index():\n    # the client calls the API\n    return r.get(\"x\")\n", code},
		"Go":           {"package main\nimport (\"database/sql\"; \"net/http\")\n// The API reads MySQL over TLS.\nfunc main() { db, _ := sql.Open(\"mysql\", \"root@/x\"); _ = db }\n", code},
		"Java":         {"package com.example;\n\n/** Reads orders from Redis and writes them to PostgreSQL. */\npublic class Orders {\n    public String get(String id) {\n        return jedis.get(id);\n    }\n}\n", code},
		"JavaScript":   {"const redis = require('redis')\nconst app = express()\n// The API stores sessions in Redis\napp.get('/', async (req, res) => {\n  res.send(v)\n})\napp.listen(3000)\n", code},
		"German":       {"Die API liest MySQL. Der Worker schreibt nach Redis.", foreign},
		"Spanish":      {"La API guarda los pedidos en PostgreSQL. El worker lee Redis.", foreign},
		"long German":  {"Die API speichert Bestellungen in PostgreSQL. Der Worker liest aus Redis und schreibt die Ergebnisse in PostgreSQL. Kunden melden sich über das Portal an, das mit der API spricht.", foreign},
		"English":      {"The API reads MySQL.", ""},
		"code quoted":  {"# Shop\n\nThe API reads MySQL:\n\n```go\nfunc main() {\n\tdb := sql.Open(\"mysql\")\n}\n```\n\nThe worker writes Redis.\n", ""},
		"bare English": {"API reads MySQL. Worker writes Redis.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, notes, err := Parse(source(tc.text))
			require.NoError(t, err)
			if tc.note == "" {
				require.NotEmpty(t, a.Elements)
				return
			}
			require.Empty(t, a.Elements)
			require.Contains(t, strings.Join(notes, "\n"), tc.note)
		})
	}
}

// A quote that holds one half of bold type holds the other.
func TestQuotesKeepMarkup(t *testing.T) {
	t.Parallel()
	text := "## Components\n\n- **Grades service**: Java, stores the grades of all pupils in PostgreSQL.\n- **Portal**: calls the **Grades service** over HTTPS and shows the reports.\n"
	quotes := 0
	for _, e := range parse(t, text).Elements {
		for _, ev := range e.Evidence {
			quotes++
			require.Zero(t, strings.Count(ev.Quote, "**")%2, ev.Quote)
			require.Equal(t, text[ev.Start:ev.End], ev.Quote)
		}
	}
	require.NotZero(t, quotes)
}
