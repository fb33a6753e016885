//! Results of actions on a server.

use super::failure::CallFailure;
use super::session::{LARGEST_ANSWER, ServerSession};
use crate::blob::BlobDigest;
use crate::protocol::v2;
use crate::protocol::v2::action_cache_client::ActionCacheClient;

impl ServerSession {
    /// The result for a key; `None` if there is none.
    pub(crate) async fn get_result(&self, key: &BlobDigest) -> Result<Option<v2::ActionResult>, CallFailure> {
        let request = v2::GetActionResultRequest {
            instance_name: self.instance.clone(),
            action_digest: Some(key.to_message()),
            ..v2::GetActionResultRequest::default()
        };
        let answer = self.call("GetActionResult", self.deadline(0), request, |channel, request| async move {
            let client = ActionCacheClient::new(channel);
            client.max_decoding_message_size(LARGEST_ANSWER).get_action_result(request).await
        });
        match answer.await {
            Err(CallFailure::NotFound { .. }) => {
                self.breaker.succeeded();
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Stores a result. All that it refers to must be there.
    pub(crate) async fn update_result(&self, key: &BlobDigest, result: v2::ActionResult) -> Result<(), CallFailure> {
        let request = v2::UpdateActionResultRequest {
            instance_name: self.instance.clone(),
            action_digest: Some(key.to_message()),
            action_result: Some(result),
            ..v2::UpdateActionResultRequest::default()
        };
        let answer = self.call("UpdateActionResult", self.deadline(0), request, |channel, request| async move {
            ActionCacheClient::new(channel).update_action_result(request).await
        });
        answer.await.map(drop)
    }
}
