//! What is set for a bucket, kept, and given back, and changes nothing here: website, logging, acceleration, who pays.

use s3s::{
    S3Error, S3Request, S3Result, dto,
    xml::{Deserialize as _, Deserializer, Serialize as _, Serializer},
};

use super::{
    acl,
    error::{WithElement, broke, invalid_argument, invalid_request, malformed_xml, refuse},
    service::Service,
};

/// So many rules has a website at most.
const MOST_RULES: usize = 50;

pub(super) fn get_website(
    service: &Service,
    request: S3Request<dto::GetBucketWebsiteInput>,
) -> S3Result<dto::GetBucketWebsiteOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set: Option<dto::WebsiteConfiguration> = service.disk.setting(&bucket.name, "website")?;
    let set = set.ok_or_else(|| {
        let text = "The specified bucket does not have a website configuration";
        refuse("NoSuchWebsiteConfiguration", 404, text).with("BucketName", &bucket.name)
    })?;
    Ok(dto::GetBucketWebsiteOutput {
        error_document: set.error_document,
        index_document: set.index_document,
        redirect_all_requests_to: set.redirect_all_requests_to,
        routing_rules: set.routing_rules,
    })
}

pub(super) fn put_website(
    service: &Service,
    request: S3Request<dto::PutBucketWebsiteInput>,
) -> S3Result<dto::PutBucketWebsiteOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let website = request.input.website_configuration;
    check_website(&website)?;
    service.disk.set(&bucket, "website", Some(&website))?;
    Ok(dto::PutBucketWebsiteOutput::default())
}

/// # Errors
/// It is no website.
fn check_website(website: &dto::WebsiteConfiguration) -> S3Result<()> {
    let rules = website.routing_rules.as_deref();
    if let Some(all) = &website.redirect_all_requests_to {
        if website.index_document.is_some() || website.error_document.is_some() || rules.is_some() {
            let text = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
            return Err(invalid_argument(text, "RedirectAllRequestsTo", "not null"));
        }
        return check_protocol(all.protocol.as_ref());
    }
    let Some(index) = &website.index_document else {
        let text = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        return Err(invalid_argument(text, "IndexDocument", "null"));
    };
    if index.suffix.is_empty() || index.suffix.contains('/') {
        return Err(invalid_argument("The IndexDocument Suffix is not well formed", "IndexDocument", &index.suffix));
    }
    if website.error_document.as_ref().is_some_and(|document| document.key.is_empty())
        || rules.is_some_and(|rules| rules.is_empty() || rules.len() > MOST_RULES)
    {
        return Err(malformed_xml());
    }
    rules.into_iter().flatten().try_for_each(check_rule)
}

fn check_rule(rule: &dto::RoutingRule) -> S3Result<()> {
    let redirect = &rule.redirect;
    if redirect.replace_key_prefix_with.is_some() && redirect.replace_key_with.is_some() {
        return Err(invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    if rule.condition.as_ref().is_some_and(|condition| *condition == dto::Condition::default()) {
        return Err(invalid_request(
            "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be \
             present.",
        ));
    }
    check_protocol(redirect.protocol.as_ref())
}

fn check_protocol(protocol: Option<&dto::Protocol>) -> S3Result<()> {
    if protocol.is_none_or(|protocol| matches!(protocol.as_str(), "http" | "https")) {
        return Ok(());
    }
    Err(invalid_request(
        "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
    ))
}

pub(super) fn get_logging(
    service: &Service,
    request: S3Request<dto::GetBucketLoggingInput>,
) -> S3Result<dto::GetBucketLoggingOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set: Option<String> = service.disk.setting(&bucket.name, "logging")?;
    let set = set.map(|text| dto::BucketLoggingStatus::deserialize(&mut Deserializer::new(text.as_bytes())));
    let logging_enabled = set.transpose().map_err(broke)?.and_then(|status| status.logging_enabled);
    Ok(dto::GetBucketLoggingOutput { logging_enabled })
}

pub(super) fn put_logging(
    service: &Service,
    request: S3Request<dto::PutBucketLoggingInput>,
) -> S3Result<dto::PutBucketLoggingOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let status = request.input.bucket_logging_status;
    let Some(logging) = &status.logging_enabled else {
        service.disk.set(&bucket, "logging", None::<&()>)?;
        return Ok(dto::PutBucketLoggingOutput::default());
    };
    check_logging(service, &bucket.region, logging)?;
    // It is kept as the document that it came as: its type has no other form.
    let mut text = Vec::new();
    status.serialize(&mut Serializer::new(&mut text)).map_err(broke)?;
    service.disk.set(&bucket, "logging", Some(&String::from_utf8_lossy(&text)))?;
    Ok(dto::PutBucketLoggingOutput::default())
}

/// # Errors
/// The other bucket cannot take logs of one in this region.
fn check_logging(service: &Service, region: &str, logging: &dto::LoggingEnabled) -> S3Result<()> {
    let target = &logging.target_bucket;
    let no_target = |_: S3Error| {
        let text = "The target bucket for logging does not exist";
        refuse("InvalidTargetBucketForLogging", 400, text).with("TargetBucket", target)
    };
    let target = service.bucket(target).map_err(no_target)?;
    if target.region != region {
        let error = refuse("CrossLocationLoggingProhibited", 403, "Cross S3 location logging not allowed.");
        return Err(error.with("TargetBucketLocation", target.region));
    }
    let grants = logging.target_grants.as_deref().unwrap_or_default();
    if !grants.is_empty() && acl::ownership(service, &target.name)? == dto::ObjectOwnership::BUCKET_OWNER_ENFORCED {
        return Err(acl::not_supported());
    }
    let is_known = |grant: &dto::TargetGrant| {
        let permission = grant.permission.as_ref().map(dto::BucketLogsPermission::as_str);
        permission.is_some_and(|permission| matches!(permission, "FULL_CONTROL" | "READ" | "WRITE"))
    };
    if grants.iter().all(is_known) { Ok(()) } else { Err(malformed_xml()) }
}

pub(super) fn get_accelerate(
    service: &Service,
    request: S3Request<dto::GetBucketAccelerateConfigurationInput>,
) -> S3Result<dto::GetBucketAccelerateConfigurationOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set: Option<String> = service.disk.setting(&bucket.name, "accelerate")?;
    Ok(dto::GetBucketAccelerateConfigurationOutput {
        status: set.map(Into::into),
        ..dto::GetBucketAccelerateConfigurationOutput::default()
    })
}

pub(super) fn put_accelerate(
    service: &Service,
    request: S3Request<dto::PutBucketAccelerateConfigurationInput>,
) -> S3Result<dto::PutBucketAccelerateConfigurationOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    if bucket.name.contains('.') {
        return Err(invalid_request(
            "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names",
        ));
    }
    let status = request.input.accelerate_configuration.status;
    let status = status.as_ref().map(dto::BucketAccelerateStatus::as_str);
    let status = status.filter(|status| matches!(*status, "Enabled" | "Suspended")).ok_or_else(malformed_xml)?;
    service.disk.set(&bucket, "accelerate", Some(&status))?;
    Ok(dto::PutBucketAccelerateConfigurationOutput::default())
}

pub(super) fn get_payment(
    service: &Service,
    request: S3Request<dto::GetBucketRequestPaymentInput>,
) -> S3Result<dto::GetBucketRequestPaymentOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set: Option<String> = service.disk.setting(&bucket.name, "payment")?;
    let payer = set.unwrap_or_else(|| dto::Payer::BUCKET_OWNER.to_owned());
    Ok(dto::GetBucketRequestPaymentOutput { payer: Some(payer.into()) })
}

pub(super) fn put_payment(
    service: &Service,
    request: S3Request<dto::PutBucketRequestPaymentInput>,
) -> S3Result<dto::PutBucketRequestPaymentOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let payer = request.input.request_payment_configuration.payer;
    if !matches!(payer.as_str(), dto::Payer::BUCKET_OWNER | dto::Payer::REQUESTER) {
        return Err(malformed_xml());
    }
    service.disk.set(&bucket, "payment", Some(&payer.as_str()))?;
    Ok(dto::PutBucketRequestPaymentOutput::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_website_has_an_index_or_sends_everyone_elsewhere() {
        let index = dto::WebsiteConfiguration {
            index_document: Some(dto::IndexDocument { suffix: "index.html".to_owned() }),
            ..dto::WebsiteConfiguration::default()
        };
        let elsewhere = dto::WebsiteConfiguration {
            redirect_all_requests_to: Some(dto::RedirectAllRequestsTo {
                host_name: "example.org".to_owned(),
                protocol: None,
            }),
            ..dto::WebsiteConfiguration::default()
        };
        assert!(check_website(&index).is_ok() && check_website(&elsewhere).is_ok());
        let with = |suffix: &str| dto::WebsiteConfiguration {
            index_document: Some(dto::IndexDocument { suffix: suffix.to_owned() }),
            ..index.clone()
        };
        let rule =
            |rule: dto::RoutingRule| dto::WebsiteConfiguration { routing_rules: Some(vec![rule]), ..index.clone() };
        let to = |protocol: &'static str| dto::Redirect {
            protocol: Some(dto::Protocol::from_static(protocol)),
            ..dto::Redirect::default()
        };
        assert!(check_website(&rule(dto::RoutingRule { condition: None, redirect: to("https") })).is_ok());
        for (wrong, code) in [
            (dto::WebsiteConfiguration::default(), "InvalidArgument"),
            (
                dto::WebsiteConfiguration { index_document: index.index_document.clone(), ..elsewhere },
                "InvalidArgument",
            ),
            (with(""), "InvalidArgument"),
            (with("a/b"), "InvalidArgument"),
            (dto::WebsiteConfiguration { routing_rules: Some(Vec::new()), ..index.clone() }, "MalformedXML"),
            (rule(dto::RoutingRule { condition: None, redirect: to("ftp") }), "InvalidRequest"),
            (
                rule(dto::RoutingRule { condition: Some(dto::Condition::default()), redirect: to("http") }),
                "InvalidRequest",
            ),
        ] {
            assert_eq!(check_website(&wrong).expect_err("refused").code().as_str(), code, "{wrong:?}");
        }
    }
}
