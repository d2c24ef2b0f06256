// Renders a Helm chart as `helm template` does: with Go's own templates and the functions of Masterminds' sprig, which Helm uses.
// Debian has both (golang-go, golang-github-masterminds-sprig-dev, golang-k8s-sigs-yaml-dev), and has no helm.
// What it knows of Helm is what the chart uses; anything else in a template is a fault.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run scripts/helm/render.go <chart> [release] < values.json
//
// Writes a JSON object to standard output: what each file of templates became.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

func main() {
	release := "test"
	if len(os.Args) > 2 {
		release = os.Args[2]
	}
	if err := render(os.Args[1], release); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(directory, release string) error {
	chart, values, given := object{}, object{}, object{}
	if err := read(filepath.Join(directory, "Chart.yaml"), &chart); err != nil {
		return err
	}
	if err := read(filepath.Join(directory, "values.yaml"), &values); err != nil {
		return err
	}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	merge(values, given)

	root := template.New("chart").Option("missingkey=error")
	root.Funcs(functions(root))
	files, err := filepath.Glob(filepath.Join(directory, "templates", "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := root.New(filepath.Base(file)).Parse(string(text)); err != nil {
			return err
		}
	}
	data := object{
		"Values":  values,
		"Chart":   object{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
		"Release": object{"Name": release, "Namespace": "licensing", "Service": "Helm"},
	}
	results := map[string]string{}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		if err := root.ExecuteTemplate(&out, name, data); err != nil {
			return err
		}
		results[name] = out.String()
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	// As Helm: a chart must not see the environment of the operator.
	delete(all, "env")
	delete(all, "expandenv")
	all["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	return all
}

// merge puts what is given over the defaults: objects key by key, everything else whole.
func merge(defaults, given object) {
	for key, value := range given {
		below, isObject := value.(object)
		if known, hasObject := defaults[key].(object); isObject && hasObject {
			merge(known, below)
		} else {
			defaults[key] = value
		}
	}
}

func read(file string, into *object) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(text, into)
}
