//! Templates: read, checked, evaluated.

use serde_json::json;

use super::*;

fn given(pairs: &[(&str, &str)]) -> Vec<Given> {
    let one = |(key, value): &(&str, &str)| Given {
        parameter_key: (*key).to_owned(),
        parameter_value: Some((*value).to_owned()),
        use_previous_value: false,
    };
    pairs.iter().map(one).collect()
}

fn refused(text: &str) -> String {
    Template::parse(text).expect_err("refused").message
}

/// The properties of the resource `It`, evaluated.
fn properties(text: &str, parameters: &[(&str, &str)]) -> Result<Value, ApiError> {
    let template = Template::parse(text)?;
    let values = Values::of(&template.parameters, &given(parameters), &Values::default())?;
    let world = World {
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        stack_name: "lab".to_owned(),
        exports: [("shared".to_owned(), "vpc-1".to_owned())].into(),
        ..World::default()
    };
    let lookup = |name: &str, attribute: Option<&str>| Ok(json!(format!("<{name} {}>", attribute.unwrap_or("ref"))));
    let scope = Scope { template: &template, world: &world, values: &values, lookup: &lookup };
    Ok(scope.resolve(&template.resources["It"].properties)?.unwrap_or_default())
}

#[test]
fn functions_are_evaluated_in_their_short_and_long_forms() {
    let text = "
Parameters:
  Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Ports: {Type: CommaDelimitedList, Default: '22, 443'}
Mappings:
  Days: {dev: {Keep: 7}, prod: {Keep: 30}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [{Condition: IsProd}, !Or [!Condition IsDev, !Equals [a, a]]]
Resources:
  Group: {Type: AWS::Logs::LogGroup}
  It:
    Type: AWS::Logs::LogGroup
    Properties:
      Sub: !Sub '${AWS::StackName}-${Env}-${Group.Arn}-${!Literal}'
      SubOwn: !Sub ['${x}/${Env}', {x: !Ref Group}]
      Join: !Join ['-', [a, !Ref AWS::Region, !Select [1, !Ref Ports]]]
      Split: !Select ['0', !Split ['.', 'x.y']]
      Map: !FindInMap [Days, !Ref Env, Keep]
      Chosen: !If [IsProd, yes-it-is, !Ref AWS::NoValue]
      Kept: !If [IsDev, [1, !If [Both, 2, !Ref 'AWS::NoValue']], 3]
      Att: !GetAtt Group.Arn
      Long: {'Fn::GetAtt': [Group, Arn]}
      Base: !Base64 hello
      Zones: !Select [0, !GetAZs '']
      Import: !ImportValue shared
";
    let expected = json!({
        "Sub": "lab-dev-<Group Arn>-${Literal}",
        "SubOwn": "<Group ref>/dev",
        "Join": "a-eu-west-1-443",
        "Split": "x",
        "Map": 7,
        "Kept": [1],
        "Att": "<Group Arn>",
        "Long": "<Group Arn>",
        "Base": "aGVsbG8=",
        "Zones": "eu-west-1a",
        "Import": "vpc-1",
    });
    assert_eq!(properties(text, &[]).expect("evaluated"), expected);
    let prod = properties(text, &[("Env", "prod")]).expect("evaluated");
    assert_eq!((&prod["Chosen"], &prod["Map"], &prod["Kept"]), (&json!("yes-it-is"), &json!(30), &json!(3)));
    let error = properties(text, &[("Env", "test")]).expect_err("refused").message;
    assert_eq!(error, "Parameter 'Env' must be one of AllowedValues");
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_cloudformation() {
    let with = |rest: &str| format!(r#"{{"Resources": {{"A": {{"Type": "AWS::Logs::LogGroup"{rest}}}}}}}"#);
    assert_eq!(refused("{}"), "Template format error: At least one Resources member must be defined.");
    assert_eq!(refused(r#"{"Foo": 1}"#), "Invalid template property or properties [Foo]");
    let unknown = r#"{"Resources": {"A": {"Type": "AWS::Lambda::Function"}}}"#;
    assert_eq!(refused(unknown), "Template format error: Unrecognized resource types: [AWS::Lambda::Function]");
    let missing = with(r#", "Properties": {"LogGroupName": {"Ref": "Name"}}"#);
    let text = "Template format error: Unresolved resource dependencies [Name] in the Resources block of the template";
    assert_eq!(refused(&missing), text);
    let attribute = with(r#", "Properties": {"LogGroupName": {"Fn::GetAtt": ["A", "Colour"]}}"#);
    let text = "Template error: resource A does not support attribute type Colour in Fn::GetAtt";
    assert_eq!(refused(&attribute), text);
    let circle = r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic", "DependsOn": "B"},
        "B": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "A"}}}, "C": {"Type": "AWS::SNS::Topic"}}}"#;
    assert_eq!(refused(circle), "Circular dependency between resources: [A, B]");
    assert!(refused("a: [").starts_with("Template format error: YAML not well-formed."));
    assert!(refused("Resources: !Bogus x").contains("unknown tag !Bogus"));
}

#[test]
fn parameters_have_rules_and_values() {
    let text = r#"{"Parameters": {"N": {"Type": "Number", "MinValue": 1}, "S": {"Type": "String", "AllowedPattern": "[a-z]+"}},
        "Resources": {"It": {"Type": "AWS::SNS::Topic"}}}"#;
    let refused = |parameters: &[(&str, &str)]| properties(text, parameters).expect_err("refused").message;
    assert_eq!(refused(&[]), "Parameters: [N, S] must have values");
    assert_eq!(refused(&[("X", "1")]), "Parameters: [X] do not exist in the template");
    assert_eq!(refused(&[("N", "x"), ("S", "a")]), "Parameter 'N' must be a number.");
    assert!(refused(&[("N", "0"), ("S", "a")]).contains("not less than 1"));
    assert_eq!(refused(&[("N", "1"), ("S", "a1")]), "Parameter 'S' must match pattern [a-z]+");
}

#[test]
fn resources_are_made_behind_what_they_need() {
    let text = "
Resources:
  A: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Sub 'x ${C}'}}
  B: {Type: AWS::SNS::Topic, DependsOn: [A]}
  C: {Type: AWS::SNS::Topic}
";
    assert_eq!(order(&Template::parse(text).expect("good")).expect("ordered"), ["C", "A", "B"]);
}

#[test]
fn a_template_that_is_small_and_means_much_is_refused() {
    let resource = "Resources: {It: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: x}}}";
    assert!(refused(&format!("{}a", "- ".repeat(200_000))).ends_with("nests deeper than 64 levels."));
    assert!(refused(&format!("? {}", "? ".repeat(200_000))).starts_with("Template format error"));
    assert!(refused("a: &a [1]\nb: *a").ends_with("aliases are not allowed."));
    let condition = |number: usize| format!("  C{number}: !And [!Condition C{0}, !Condition C{0}]\n", number + 1);
    let many: String = (0..40).map(condition).collect();
    let many = format!("Conditions:\n{many}  C40: !Equals [a, a]\n{resource}");
    assert!(refused(&many).ends_with("takes more than 1000 steps"));
    let circle = format!("Conditions: {{A: !Not [!Condition B], B: !Not [!Condition A]}}\n{resource}");
    assert!(refused(&circle).contains("circular condition"), "{}", refused(&circle));
    let doubled = (0..38).fold("x".to_owned(), |inner, _| format!(r#"{{"Fn::Sub":["${{x}}${{x}}",{{"x":{inner}}}]}}"#));
    let doubled = doubled.replace(r#"{"x":x}"#, r#"{"x":"x"}"#);
    let template =
        format!(r#"{{"Resources":{{"It":{{"Type":"AWS::SNS::Topic","Properties":{{"DisplayName":{doubled}}}}}}}}}"#);
    assert_eq!(
        properties(&template, &[]).expect_err("refused").message,
        "Template error: Fn::Sub gives more than 1048576 bytes"
    );
}
