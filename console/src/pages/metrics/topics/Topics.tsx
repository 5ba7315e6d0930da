import { usePlace } from "../../../app/url";
import { TopicList } from "./TopicList";
import { TopicPage } from "./TopicPage";

/** Who is told: topics, or one of them. */
export default function Topics() {
  const { params } = usePlace();
  const topic = params.get("topic");
  return topic ? <TopicPage key={topic} arn={topic} /> : <TopicList />;
}
